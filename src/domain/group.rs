//! The members of an inbox or a team.

use std::collections::BTreeSet;

use crate::UserId;
use crate::limits::{Excess, GROUP_SIZE_MAX};

/// A change of the members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MembersChange {
    /// Adds these users.
    Add(Vec<UserId>),
    /// Removes these users; users who are not members are ignored.
    Remove(Vec<UserId>),
    /// Replaces all members with these users.
    Exactly(Vec<UserId>),
}

impl MembersChange {
    /// All members after the change; `None` if it changes nothing.
    pub(crate) fn of(self, members: &BTreeSet<UserId>) -> Result<Option<Vec<UserId>>, Excess> {
        let changed: BTreeSet<_> = match self {
            Self::Add(users) => members.iter().copied().chain(users).collect(),
            Self::Remove(users) => members - &users.into_iter().collect(),
            Self::Exactly(users) => users.into_iter().collect(),
        };
        if changed.len() > GROUP_SIZE_MAX {
            return Err(Excess::Number { field: "the number of members", max: GROUP_SIZE_MAX });
        }
        Ok((changed != *members).then(|| changed.into_iter().collect()))
    }
}
