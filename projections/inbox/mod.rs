//! The per-user list: each member's own flags, read marker and activity, one row per seat.

mod apply;
mod chat;
mod entry;
mod group;
mod query;
#[cfg(test)]
mod tests;

pub use apply::Inbox;
pub use chat::{Chat, Choice, Column, chats, chats_of};
pub use entry::{Entry, Flags, activity, entries, entry};
pub use group::{Group, group, groups};
pub use query::{Filter, Member, Order, Person, Seat, View, Viewer, get, list, number, seat};

/// The read model's name, and its schema's.
pub const NAME: &str = "inbox";
