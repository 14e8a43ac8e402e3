//! Members of an inbox or a team.

use std::collections::HashMap;
use std::sync::Arc;

use domain::limits::GROUP_SIZE_MAX;
use domain::{PublicId, UserId};
use projections::User;
use serde_json::{Value, json};

use super::body::Body;
use super::request::Chatwoot;
use crate::edge::failure::Failure;

/// The schema of a body with `user_ids`, and with the id of the inbox or team unless the path has
/// it.
pub(super) fn schema(of: Option<&str>) -> Value {
    let id = json!({ "type": ["integer", "string"] });
    let mut change = json!({
        "type": "object",
        "required": ["user_ids"],
        "properties": {
            "user_ids": {
                "type": "array", "maxItems": GROUP_SIZE_MAX, "items": id,
                "description": "Agents and administrators",
            },
        },
        "example": { "user_ids": [11, 12] },
    });
    if let Some(of) = of {
        change["required"] = json!([of, "user_ids"]);
        change["properties"][of] = id;
        change["example"][of] = json!(3);
    }
    change
}

/// The agents that a body names. Present members are accepted even if they are no longer agents.
pub(super) async fn named(
    request: &Chatwoot,
    body: &Body,
    present: &[Arc<User>],
) -> Result<Vec<UserId>, Failure> {
    let ids = body.ids("user_ids")?;
    let agents = request.views().agents(request.account()).await?;
    let known: HashMap<PublicId, UserId> =
        agents.iter().chain(present).map(|user| (user.id, user.uuid)).collect();
    let named = ids.iter().map(|id| known.get(id).copied().ok_or_else(Failure::not_found));
    named.collect()
}
