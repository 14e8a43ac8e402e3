//! As JSON:API prescribes.

pub(super) use crate::jsonapi::error::{Errors, render};
