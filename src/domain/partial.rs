//! Updates that hold only what changes: a field that is none stays as it is.

use crate::Text;

/// What is new, if it is given and is another.
pub(crate) fn differing<T: PartialEq>(old: &Option<T>, new: Option<T>) -> Option<T> {
    new.filter(|new| old.as_ref() != Some(new))
}

/// The same for a text that a blank one takes away, so that none and blank are one.
pub(crate) fn differing_text(old: &Option<Text>, new: Option<Text>) -> Option<Text> {
    let old = old.as_ref().map_or("", Text::as_str);
    new.filter(|new| new.as_str() != old)
}

/// Takes over what is given.
pub(crate) fn take<T: Clone>(old: &mut Option<T>, new: &Option<T>) {
    if new.is_some() {
        old.clone_from(new);
    }
}

/// Makes an update of fields that hold only what changes, each compared by a function of this
/// module.
macro_rules! partial {
    ($type:ident { $($field:ident: $differing:ident),+ $(,)? }) => {
        impl $type {
            /// Only what `newer` says and `self` does not have so.
            pub(super) fn difference(&self, newer: Self) -> Self {
                Self { $($field: $crate::partial::$differing(&self.$field, newer.$field)),+ }
            }

            /// Takes over what `newer` says.
            pub fn merge(&mut self, newer: &Self) {
                $($crate::partial::take(&mut self.$field, &newer.$field);)+
            }
        }
    };
}

pub(crate) use partial;
