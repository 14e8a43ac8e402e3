use axum::extract::Path;
use domain::conversation::support::SupportCommand;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::chatwoot::error::{about, missing};
use crate::chatwoot::request::OpenToBots;
use crate::description::schema;
use crate::edge::failure::Failure;
use crate::edge::rendered::Rendered;

schema! {
    /// The host system's own attributes of a conversation.
    NewCustomAttributes = json!({
        "type": "object",
        "required": ["custom_attributes"],
        "properties": {
            "custom_attributes": { "type": "object" },
            "merge": {
                "type": "boolean", "default": false,
                "description": "Add them to those that there are, instead of replacing all",
            },
        },
        "example": { "custom_attributes": { "plan": "premium" } },
    })
}

/// All attributes of a conversation.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CustomAttributes<'a> {
    #[schema(value_type = Object)]
    custom_attributes: &'a Map<String, Value>,
}

/// Replace a conversation's custom attributes, or add to them.
#[utoipa::path(post, path = "/{account_id}/conversations/{id}/custom_attributes",
    operation_id = "chatwoot.conversations.set_custom_attributes",
    params(("account_id" = i64, Path, description = "The caller's account"),
           ("id" = i64, Path, description = "The conversation")),
    request_body = NewCustomAttributes,
    responses((status = 200, description = "All of them", body = CustomAttributes),
              (status = 403, description = "Of an inbox that is not the caller's")))]
pub(super) async fn set(
    Path((_account, id)): Path<(String, String)>,
    OpenToBots(request): OpenToBots,
) -> Result<Rendered, Failure> {
    const FIELD: &str = "custom_attributes";
    let id = request.conversation_id(&id).await?;
    let body = request.body()?;
    let attributes = body.object(FIELD)?.ok_or_else(|| missing(FIELD))?;
    let change = match body.boolean("merge")? {
        Some(true) => SupportCommand::MergeCustomAttributes { attributes },
        Some(false) | None => SupportCommand::ReplaceCustomAttributes { attributes },
    };
    request.change(id, vec![change]).await.map_err(about(FIELD))?;
    let now = request.conversation_of(id).await?;
    Ok(Rendered::new(&CustomAttributes { custom_attributes: &now.custom_attributes }))
}
