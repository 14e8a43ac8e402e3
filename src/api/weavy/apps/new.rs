//! A contextual chat to be created, as the host system describes it.

use domain::UserId;
use domain::conversation::{Create, DESCRIPTION_LENGTH_MAX, Kind, NAME_LENGTH_MAX, UID_LENGTH_MAX};
use serde_json::{Value, json};

use crate::description::parts;
use crate::edge::failure::Failure;
use crate::weavy::body::Object;
use crate::weavy::objects::type_names;
use crate::weavy::request::is_number;

pub(super) fn schema() -> Value {
    let (id, names) = type_names(Kind::Contextual);
    let types: Vec<&str> = [&[id], names].concat();
    let mut uid = parts::required_text(UID_LENGTH_MAX);
    uid["pattern"] = r"[^0-9\s]".into();
    json!({
        "type": "object",
        "required": ["uid", "type"],
        "properties": {
            "uid": uid,
            "type": { "type": "string", "enum": types, "description": "In any case" },
            "name": parts::text(NAME_LENGTH_MAX),
            "description": parts::text(DESCRIPTION_LENGTH_MAX),
            "metadata": parts::metadata(),
            "tags": parts::tags(),
        },
        "example": { "uid": "order-7", "type": "chat", "name": "Order 7" },
    })
}

pub(super) fn read(app: &Object, creator: Option<UserId>) -> Result<Create, Failure> {
    let uid = app.text("uid")?.ok_or_else(|| Failure::bad_request("uid must be given"))?;
    if is_number(uid.as_str().trim()) {
        return Err(Failure::bad_request("uid must not be a number: that is how ids are written"));
    }
    let (id, names) = type_names(Kind::Contextual);
    let named = app.text("type")?.map(|text| text.as_str().to_lowercase());
    if !named.is_some_and(|named| named == id || names.contains(&&*named)) {
        return Err(Failure::bad_request("type must be chat, or its id"));
    }
    Ok(Create {
        name: app.text("name")?,
        description: app.text("description")?,
        metadata: app.object("metadata")?,
        tags: app.strings("tags")?.unwrap_or_default(),
        ..Create::contextual(uid.as_str().to_owned(), creator)
    })
}
