use axum::http::StatusCode;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::Type;
use crate::edge::failure::{Failure, Source};
use crate::edge::json;

/// The attributes in a request's document, and where they are.
#[derive(Debug)]
pub(crate) struct Attributes {
    values: Map<String, Value>,
    /// The deepest of `/data` and `/data/attributes` that is present.
    parent: &'static str,
}

fn conflict(why: String, pointer: &str) -> Failure {
    Failure::new(StatusCode::CONFLICT, why).at(Source::Pointer(pointer.to_owned()))
}

impl Attributes {
    /// No attributes.
    pub(crate) fn none() -> Self {
        Self { values: Map::new(), parent: "" }
    }

    /// The attributes of a resource to be created: the server chooses its id, and derived
    /// attributes cannot be set.
    pub(crate) fn of_new(body: &[u8], r#type: &Type) -> Result<Self, Failure> {
        let (attributes, id) = Self::parse(body, r#type)?;
        if id.is_some() {
            let why = "data.id cannot be set: ids are made here";
            return Err(Failure::forbidden(why).at(Source::Pointer("/data/id".to_owned())));
        }
        let set = |name: &&str| attributes.values.get(*name).is_some_and(|value| !value.is_null());
        let derived = r#type.derived.iter().map(|attribute| attribute.name);
        Failure::none_of(derived.filter(set).map(|name| {
            attributes.unusable(name, format!("{name} cannot be set")).coded("read_only")
        }))?;
        Ok(attributes)
    }

    /// The attributes of an existing resource, with the id from the URL.
    pub(crate) fn of_existing(body: &[u8], r#type: &Type, known: Uuid) -> Result<Self, Failure> {
        let (attributes, id) = Self::parse(body, r#type)?;
        let same = |id: &Value| id.as_str().and_then(|id| id.parse::<Uuid>().ok()) == Some(known);
        if !id.as_ref().is_none_or(same) {
            return Err(conflict(format!("data.id must be {known}, as in the URL"), "/data/id"));
        }
        Ok(attributes)
    }

    fn parse(body: &[u8], r#type: &Type) -> Result<(Self, Option<Value>), Failure> {
        let wrong = |why: String, pointer: &str| {
            Failure::bad_request(why).at(Source::Pointer(pointer.to_owned()))
        };
        let document =
            json::parse_rounding(body).map_err(|why| wrong(format!("the body {why}"), ""))?;
        let Value::Object(mut document) = document else {
            return Err(wrong("the body must be a JSON object".to_owned(), ""));
        };
        let mut data = match document.remove("data") {
            Some(Value::Object(data)) => data,
            Some(_) => return Err(wrong("data must be an object".to_owned(), "/data")),
            None => return Err(wrong("data must be given".to_owned(), "")),
        };
        match data.get("type") {
            Some(Value::String(name)) if name == r#type.name => {}
            Some(Value::String(_)) => {
                return Err(conflict(format!("data.type must be {}", r#type.name), "/data/type"));
            }
            Some(_) => return Err(wrong("data.type must be a string".to_owned(), "/data/type")),
            None => return Err(wrong("data.type must be given".to_owned(), "/data")),
        }
        let id = data.remove("id").filter(|id| !id.is_null());
        let attributes = match data.remove("attributes") {
            None => Self { values: Map::new(), parent: "/data" },
            Some(Value::Object(values)) => Self { values, parent: "/data/attributes" },
            Some(_) => {
                let why = "data.attributes must be an object".to_owned();
                return Err(wrong(why, "/data/attributes"));
            }
        };
        Ok((attributes, id))
    }

    /// The value, even if it is null.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    /// A failure that points to an attribute or, if that is missing, to the nearest existing
    /// parent.
    pub(crate) fn failure(
        &self,
        status: StatusCode,
        name: &str,
        why: impl Into<String>,
    ) -> Failure {
        let pointer = match self.values.contains_key(name) {
            true => format!("/data/attributes/{name}"),
            false => self.parent.to_owned(),
        };
        Failure::new(status, why).at(Source::Pointer(pointer))
    }

    pub(crate) fn unusable(&self, name: &str, why: impl Into<String>) -> Failure {
        self.failure(StatusCode::UNPROCESSABLE_ENTITY, name, why)
    }

    /// A required string.
    pub(crate) fn text(&self, name: &str) -> Result<&str, Failure> {
        match self.values.get(name) {
            Some(Value::String(text)) if text.contains('\0') => {
                Err(self.unusable(name, format!("{name} must not contain U+0000")))
            }
            Some(Value::String(text)) => Ok(text),
            Some(Value::Null) | None => {
                Err(self.unusable(name, format!("{name} must be set")).coded("required"))
            }
            Some(_) => Err(self.unusable(name, format!("{name} must be a string"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jsonapi::{Attribute, Values};

    const TYPE: Type = Type {
        name: "thing",
        settable: &[Attribute::new("name", Values::Id)],
        derived: &[Attribute::new("size", Values::Id), Attribute::new("age", Values::Id)],
        relationships: &[],
    };

    fn source(failure: &Failure) -> (u16, &str) {
        let Some(Source::Pointer(pointer)) = &failure.source else { panic!("{failure:?}") };
        (failure.status.as_u16(), pointer)
    }

    #[test]
    fn a_document_that_cannot_be_used_is_refused_where_it_is_wrong() {
        for (body, wanted) in [
            ("", (400, "")),
            ("{", (400, "")),
            ("[]", (400, "")),
            ("{}", (400, "")),
            (r#"{"data": []}"#, (400, "/data")),
            (r#"{"data": null}"#, (400, "/data")),
            (r#"{"data": {}}"#, (400, "/data")),
            (r#"{"data": {"type": 1}}"#, (400, "/data/type")),
            (r#"{"data": {"type": "things"}}"#, (409, "/data/type")),
            (r#"{"data": {"type": "Thing"}}"#, (409, "/data/type")),
            (r#"{"data": {"type": "thing", "id": "1"}}"#, (403, "/data/id")),
            (r#"{"data": {"type": "thing", "attributes": []}}"#, (400, "/data/attributes")),
            (
                r#"{"data": {"type": "thing", "attributes": {"size": 1}}}"#,
                (422, "/data/attributes/size"),
            ),
        ] {
            let failure = Attributes::of_new(body.as_bytes(), &TYPE).unwrap_err();
            assert_eq!(source(&failure), wanted, "{body}");
        }
        let both = r#"{"data": {"type": "thing", "attributes": {"size": 1, "age": 2}}}"#;
        assert_eq!(Attributes::of_new(both.as_bytes(), &TYPE).unwrap_err().others.len(), 1);
        let null =
            r#"{"meta": {}, "data": {"type": "thing", "id": null, "attributes": {"size": null}}}"#;
        assert!(Attributes::of_new(null.as_bytes(), &TYPE).is_ok());
    }

    #[test]
    fn the_id_of_what_is_known_is_that_of_the_url() {
        let known = Uuid::from_u128(1);
        let read = |id: &str| {
            let body =
                format!(r#"{{"data": {{"type": "thing"{id}, "attributes": {{"size": 1}}}}}}"#);
            Attributes::of_existing(body.as_bytes(), &TYPE, known)
        };
        assert!(read("").is_ok());
        assert!(read(&format!(r#", "id": "{known}""#)).is_ok());
        assert_eq!(source(&read(r#", "id": "2""#).unwrap_err()), (409, "/data/id"));
    }

    #[test]
    fn a_missing_attribute_is_pointed_at_by_its_nearest_parent() {
        for (body, pointer) in [
            (r#"{"data": {"type": "thing"}}"#, "/data"),
            (r#"{"data": {"type": "thing", "attributes": {}}}"#, "/data/attributes"),
            (
                r#"{"data": {"type": "thing", "attributes": {"name": null}}}"#,
                "/data/attributes/name",
            ),
        ] {
            let attributes = Attributes::of_new(body.as_bytes(), &TYPE).unwrap();
            assert_eq!(source(&attributes.text("name").unwrap_err()), (422, pointer));
        }
    }
}
