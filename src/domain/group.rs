//! Who is in an inbox or a team.

use std::collections::BTreeSet;

use crate::UserId;
use crate::limits::{Excess, GROUP_SIZE_MAX};

/// Who comes and goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MembersChange {
    /// These come; those who are in stay.
    Add(Vec<UserId>),
    /// These go, as far as they are in.
    Remove(Vec<UserId>),
    /// From now on exactly these.
    Exactly(Vec<UserId>),
}

impl MembersChange {
    /// All who are in then; `None` when nothing changes by it.
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
