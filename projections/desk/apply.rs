use domain::TeamId;
use serde::Serialize;

use crate::changes::{Changes, ContactChanges, InboxChanges, LinkChanges, TeamChanges};
use crate::model::argument;

#[derive(Serialize)]
struct Argument<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    inboxes: Vec<Of<'a, InboxChanges<'a>>>,
    /// Applied before `teams`: a deleted team may be created again in the same batch.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    deleted_teams: Vec<&'a TeamId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    teams: Vec<Of<'a, TeamChanges<'a>>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    contacts: Vec<Of<'a, ContactChanges<'a>>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    links: Vec<Of<'a, LinkChanges<'a>>>,
}

/// A row's changes with its id.
#[derive(Serialize)]
struct Of<'a, T> {
    uuid: uuid::Uuid,
    #[serde(flatten)]
    changes: &'a T,
}

impl<'a, T> Of<'a, T> {
    fn new<Id: Copy + Into<uuid::Uuid>>((id, changes): (&Id, &'a T)) -> Self {
        Self { uuid: (*id).into(), changes }
    }
}

pub(super) fn changes(changes: &Changes) -> Option<String> {
    argument(&Argument {
        inboxes: changes.inboxes.iter().map(Of::new).collect(),
        deleted_teams: changes.deleted_teams.iter().collect(),
        teams: changes.teams.iter().map(Of::new).collect(),
        contacts: changes.contacts.iter().map(Of::new).collect(),
        links: changes.links.iter().map(Of::new).collect(),
    })
}
