//! The stream and who reads it.

mod digest;
mod history;
mod repair;
mod world;
