//! The read models against the log, on a real PostgreSQL: whatever happened and however it was cut
//! into batches, the rows say what folding the log event by event says.

mod asking;
mod batches;
mod crash;
mod desk;
mod desk_folded;
mod desk_walk;
mod desk_world;
mod edges;
mod filling;
mod folded;
mod freshness;
mod history;
mod large_rooms;
mod lists;
mod node;
mod nodes;
mod random;
mod remembering;
mod replay;
mod revocations;
mod stopped;
mod storable;
mod trouble;
mod unreadable;
mod upgrade;
mod verify;
mod world;

pub(crate) use desk_world::{ACCOUNT, Office, incoming, outgoing, said};
pub(crate) use lists::every_choice_of_flags;
pub(crate) use node::Node;
pub(crate) use world::{KINDS, World, create, pool};
