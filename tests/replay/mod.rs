//! What was made from the log, made again: read models rebuilt, verified and looked into, by the
//! built binary.

mod memory;
mod read_models;
mod terminal;
