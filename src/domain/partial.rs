//! Partial updates: a field that is `None` stays as it is.

use crate::Text;

/// The new value, if it is given and differs from the old one.
pub(crate) fn differing<T: PartialEq>(old: &Option<T>, new: Option<T>) -> Option<T> {
    new.filter(|new| old.as_ref() != Some(new))
}

/// Like `differing`, for a text that an empty one clears: `None` and empty count as equal.
pub(crate) fn differing_text(old: &Option<Text>, new: Option<Text>) -> Option<Text> {
    let old = old.as_ref().map_or("", Text::as_str);
    new.filter(|new| new.as_str() != old)
}

/// Replaces the old value, if a new one is given.
pub(crate) fn take<T: Clone>(old: &mut Option<T>, new: &Option<T>) {
    if new.is_some() {
        old.clone_from(new);
    }
}

/// Implements partial updates of a struct of optional fields, each compared by a function of this
/// module.
macro_rules! partial {
    ($type:ident { $($field:ident: $differing:ident),+ $(,)? }) => {
        impl $type {
            /// The fields of `newer` that differ from `self`.
            pub(super) fn difference(&self, newer: Self) -> Self {
                Self { $($field: $crate::partial::$differing(&self.$field, newer.$field)),+ }
            }

            /// Takes over the fields that `newer` has.
            pub fn merge(&mut self, newer: &Self) {
                $($crate::partial::take(&mut self.$field, &newer.$field);)+
            }
        }
    };
}

pub(crate) use partial;
