//! The built binary from outside: one folder for each dialect, and one for faults. Every test
//! starts the real program on a port of its own, with a database, a stream and a subject prefix of
//! its own.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot go on may panic, and is an edge of its own"
)]

mod audit;
mod bounds;
mod chatwoot;
mod command_line;
mod containers;
mod described;
mod discretion;
mod documentation;
mod faults;
mod harness;
mod house;
mod http;
mod kinds;
mod live;
mod nats;
mod operations;
mod protocol;
mod pulse;
mod replay;
mod revocation;
mod stress;
mod tokens;
mod weavy;
