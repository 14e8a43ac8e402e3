use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::{ComponentsBuilder, ObjectBuilder, OpenApiBuilder, RefOr, Schema};

use crate::edge::dialect::Routes;

/// The extension that carries a schema which is written out in full.
pub(super) const WRITTEN: &str = "x-written";

/// A schema in plain JSON Schema: utoipa's types do not support all keywords, nor constants as
/// bounds.
pub(crate) fn written(schema: Value) -> RefOr<Schema> {
    let extensions = ExtensionsBuilder::new().add(WRITTEN, schema).build();
    ObjectBuilder::new().extensions(Some(extensions)).into()
}

/// Declares a named schema of this kind, with its doc comment as the description.
macro_rules! schema {
    ($(#[doc = $doc:literal])+ $name:ident = $schema:expr) => {
        pub(super) struct $name;

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                let mut schema: serde_json::Value = $schema;
                schema["description"] = concat!($($doc),+).trim().into();
                $crate::description::written(schema)
            }
        }

        impl utoipa::ToSchema for $name {}
    };
}
pub(crate) use schema;

/// A router of endpoints whose errors have this type.
pub(crate) fn router<E: ToSchema>() -> Routes {
    let mut schemas = vec![(E::name().into_owned(), E::schema())];
    E::schemas(&mut schemas);
    let components = ComponentsBuilder::new().schemas_from_iter(schemas).build();
    Routes::with_openapi(OpenApiBuilder::new().components(Some(components)).build())
}
