//! Errors in the format of JSON:API.

pub(super) use crate::jsonapi::error::{Errors, render};
