//! Enums whose values have one name each, in the log, in the read models and in the API.

/// Declares an enum that is serialized by the names of its values. Deserialization, storage and
/// `ALL` take the names from one list, so that none can be forgotten.
macro_rules! named {
    (
        $(#[$meta:meta])*
        pub enum $type:ident { $($(#[$of_value:meta])* $value:ident = $name:literal,)+ }
    ) => {
        $(#[$meta])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
            serde::Serialize, serde::Deserialize,
        )]
        #[cfg_attr(test, derive(schemars::JsonSchema))]
        pub enum $type {
            $($(#[$of_value])* #[serde(rename = $name)] $value,)+
        }

        impl $type {
            /// All values, in the order of their declaration.
            pub const ALL: &[Self] = &[$(Self::$value),+];

            /// The name that is stored and shown.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$value => $name,)+
                }
            }
        }
    };
}

pub(crate) use named;
