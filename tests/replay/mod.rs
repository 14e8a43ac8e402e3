//! Read models that are rebuilt from the log, verified and inspected by the built binary.

mod memory;
mod read_models;
mod terminal;
