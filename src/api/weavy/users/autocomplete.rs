use std::collections::HashSet;

use domain::{PublicId, UserId};
use projections::User as DirectoryUser;
use serde::Serialize;
use utoipa::ToSchema;

use crate::edge::failure::Failure;
use crate::live::Present;
use crate::weavy::objects::{Rendered, presence, presences};
use crate::weavy::query::{List, PagingParameters};
use crate::weavy::request::Weavy;

const TOP_DEFAULT: i64 = 5;
/// Matches every user, as does an empty query.
const EVERYBODY: &str = "*";

/// A user whom the caller may write to.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Suggestion<'a> {
    id: i64,
    uid: &'a str,
    display_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    avatar_url: Option<&'a str>,
    #[schema(schema_with = presences)]
    presence: &'static str,
    /// Whether the user is a member of the conversation given as `id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    is_member: Option<bool>,
}

impl<'a> Suggestion<'a> {
    fn new(user: &'a DirectoryUser, members: Option<&HashSet<UserId>>, known: Present<'_>) -> Self {
        Self {
            id: user.id.get(),
            uid: &user.uid,
            display_name: user.display_name(),
            avatar_url: user.avatar_url.as_deref(),
            presence: presence(user, known),
            is_member: members.map(|members| members.contains(&user.uuid)),
        }
    }
}

/// Search for users to write to, by name; without the caller.
#[utoipa::path(get, path = "/users/autocomplete",
    operation_id = "weavy.users.autocomplete",
    params(("q" = Option<String>, Query,
            description = "Part of the name, username or uid; * or nothing: everybody"),
           ("id" = Option<i64>, Query,
            description = "A conversation: tells of each user whether they are in it"),
           PagingParameters<TOP_DEFAULT>),
    responses((status = 200, description = "A page", body = List<Suggestion>),
              (status = 404, description = "The conversation is unknown, trashed, or the caller is \
                                            not in it")))]
pub(super) async fn autocomplete(request: Weavy) -> Result<Rendered, Failure> {
    let query = request.query();
    let paging = query.paging_by(TOP_DEFAULT)?;
    let q = query.text("q")?.filter(|q| q.trim() != EVERYBODY);
    let conversation = match query.positive("id")?.map(PublicId::new) {
        None => None,
        Some(id) => {
            let id = request.conversation_id(id).await?;
            Some(request.conversation(id, request.viewer()).await?.uuid)
        }
    };
    let top = if paging.count_only { 0 } else { paging.top };
    let (views, account) = (request.views(), request.account());
    let page = views.users(account, q, request.caller.user(), top, paging.skip).await?;
    let found: Vec<UserId> = page.items.iter().map(|user| user.uuid).collect();
    let members = match conversation {
        None => None,
        Some(conversation) => Some(views.members_among(conversation, &found).await?),
    };
    let known = request.presence();
    let list = List::new(&page, &paging, |user| Suggestion::new(user, members.as_ref(), known));
    Ok(Rendered::new(&list))
}
