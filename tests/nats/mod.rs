//! The stream and who reads it.

mod history;
mod repair;
