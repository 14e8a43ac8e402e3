//! The dialect's objects.

pub(super) mod agent;
pub(super) mod contact;
pub(super) mod inbox;
pub(super) mod team;
