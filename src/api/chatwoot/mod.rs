//! The Chatwoot dialect, under `/api/v1/accounts/{account_id}`: support conversations, and what
//! they refer to.
//!
//! Two rules apply to the whole dialect, and each is in one place: refusals of the domain are 422
//! here and not 400 (`error.rs`), and callers without access are refused before any handler runs
//! (`request.rs`).

mod agents;
mod body;
mod contacts;
mod conversations;
mod error;
mod inbox_members;
mod inboxes;
mod labels;
mod members;
mod messages;
mod objects;
mod query;
mod request;
mod team_members;
mod teams;

use event_store::Surface;

use error::Error;

use crate::description::{self, Common, Nulls};
use crate::edge::challenge;
use crate::edge::dialect::{Credentials, Dialect, Routes};

pub(crate) const DIALECT: Dialect = Dialect {
    prefix: "/api/v1/accounts",
    surface: Surface::Chatwoot,
    credentials: &[Credentials::Header("api_access_token"), Credentials::Bearer],
    challenge: challenge::bearer,
    is_for_browsers: true,
    render: error::render,
    routes,
    description: Common {
        name: "chatwoot",
        title: "Chatwoot",
        description: "Support conversations as Chatwoot has them: with inboxes, contacts, \
                      agents and teams, status and priority.",
        takes: &["application/json"],
        answers: "application/json",
        error: ("Error", &["application/json"]),
        nulls: Nulls::Sent,
        has_nulls_in_queries: false,
        has_empty_values_in_queries: true,
        is_for_users: false,
        errors: &[403],
        errors_of_bodies: &[],
        parameters: Vec::new,
    },
};

fn routes() -> Routes {
    description::router::<Error>()
        .merge(conversations::routes())
        .merge(labels::routes())
        .merge(messages::routes())
        .merge(contacts::routes())
        .merge(inboxes::routes())
        .merge(inbox_members::routes())
        .merge(teams::routes())
        .merge(team_members::routes())
        .merge(agents::routes())
}
