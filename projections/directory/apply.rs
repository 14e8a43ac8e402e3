use domain::UserId;
use serde::Serialize;

use crate::changes::{Changes, UserChanges};
use crate::model::argument;

#[derive(Serialize)]
struct Argument<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    users: Vec<User<'a>>,
}

#[derive(Serialize)]
struct User<'a> {
    uuid: &'a UserId,
    #[serde(flatten)]
    changes: &'a UserChanges<'a>,
}

pub(super) fn changes(changes: &Changes) -> Option<String> {
    let users = changes.users.iter().map(|(uuid, changes)| User { uuid, changes }).collect();
    argument(&Argument { users })
}
