use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::{ComponentsBuilder, ObjectBuilder, OpenApiBuilder, RefOr, Schema};

use crate::edge::dialect::Routes;

/// Where a schema stands that is written as it is to be read.
pub(super) const WRITTEN: &str = "x-written";

/// A schema in JSON Schema's own words: utoipa's types know neither all of them nor constants for
/// bounds.
pub(crate) fn written(schema: Value) -> RefOr<Schema> {
    let extensions = ExtensionsBuilder::new().add(WRITTEN, schema).build();
    ObjectBuilder::new().extensions(Some(extensions)).into()
}

/// Names such a schema, to be a body or a part of one.
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

/// A router of endpoints whose errors are of this type.
pub(crate) fn router<E: ToSchema>() -> Routes {
    let mut schemas = vec![(E::name().into_owned(), E::schema())];
    E::schemas(&mut schemas);
    let components = ComponentsBuilder::new().schemas_from_iter(schemas).build();
    Routes::with_openapi(OpenApiBuilder::new().components(Some(components)).build())
}
