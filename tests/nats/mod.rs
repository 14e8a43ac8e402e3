//! The stream and its consumers.

mod digest;
mod history;
mod repair;
mod world;
