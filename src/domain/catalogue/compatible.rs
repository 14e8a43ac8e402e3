//! Compatibility of event schemas: whether readers of a released schema can read what today's
//! schema allows.

use serde_json::Value;

/// What a schema change breaks for readers of the released schema; empty if nothing.
///
/// Readers rely on every field, on its shape, and on required fields being present. They ignore
/// unknown fields, so a new field breaks no consumer. Descriptions and examples may change.
pub(super) fn breaks(released: &Value, today: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let fields = |schema: &Value| schema["properties"].as_object().cloned().unwrap_or_default();
    let always = |schema: &Value| schema["required"].as_array().cloned().unwrap_or_default();
    let today_fields = fields(today);
    for (name, shape) in fields(released) {
        match today_fields.get(&name) {
            None => found.push(format!("{name} is gone")),
            Some(now) if bare(now) != bare(&shape) => {
                found.push(format!("{name} has another shape"))
            }
            Some(_) => {}
        }
    }
    let today_always = always(today);
    for name in always(released) {
        if !today_always.contains(&name) {
            found.push(format!("{} may be missing", name.as_str().unwrap_or_default()));
        }
    }
    found
}

/// The schema without descriptions, examples and titles.
fn bare(schema: &Value) -> Value {
    match schema {
        Value::Object(object) => {
            let bare = object
                .iter()
                .filter(|(name, _)| !matches!(name.as_str(), "description" | "examples" | "title"));
            bare.map(|(name, value)| (name.clone(), self::bare(value))).collect()
        }
        Value::Array(items) => items.iter().map(bare).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_reader_relies_on_cannot_be_taken_away() {
        let released = json!({
            "properties": {
                "user": {"type": "string", "description": "Who."},
                "kind": {"enum": ["room", "private"]},
                "until": {"type": "string"}
            },
            "required": ["user", "kind"]
        });
        let change = |pointer: &str, value: Value| {
            let mut today = released.clone();
            *today.pointer_mut(pointer).unwrap() = value;
            breaks(&released, &today)
        };
        for (pointer, value, broken) in [
            ("/properties/user/type", json!("integer"), &["user has another shape"][..]),
            ("/properties/kind/enum", json!(["room"]), &["kind has another shape"]),
            (
                "/properties/kind/enum",
                json!(["room", "private", "new"]),
                &["kind has another shape"],
            ),
            ("/required", json!(["kind"]), &["user may be missing"]),
            ("/properties/user/description", json!("Another text."), &[]),
            ("/required", json!(["user", "kind", "until"]), &[]),
        ] {
            assert_eq!(change(pointer, value), broken, "{pointer}");
        }
        let mut fewer = released.clone();
        fewer["properties"].as_object_mut().unwrap().remove("until");
        assert_eq!(breaks(&released, &fewer), ["until is gone"]);
        assert_eq!(breaks(&fewer, &released), Vec::<String>::new());
    }
}
