//! What requests of every dialect need: who calls and what they may do, the commands
//! that several dialects issue, time limits, and rendering failures in the dialect's format.
//!
//! Deliberately not here: any dialect's name.

pub(crate) mod around;
mod browsers;
pub(crate) mod caller;
pub(crate) mod challenge;
pub(crate) mod commands;
pub(crate) mod dialect;
pub(crate) mod failure;
pub(crate) mod fair;
pub(crate) mod in_time;
pub(crate) mod json;
pub(crate) mod large;
pub(crate) mod multipart;
mod observe;
pub(crate) mod permissions;
pub(crate) mod position;
pub(crate) mod recorded;
mod refusals;
pub(crate) mod rejection;
pub(crate) mod rendered;
pub(crate) mod rendering;
pub(crate) mod request;
mod request_id;
pub(crate) mod seen;
mod successor;
pub mod token;
pub(crate) mod whole_seconds;
