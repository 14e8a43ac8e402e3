//! The Weavy dialect, rule by rule.

mod badge;
mod create;
mod errors;
mod list;
mod mark;
mod messages;
mod pin;
mod users;
