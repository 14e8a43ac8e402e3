//! The stream and who reads it.

mod repair;
