use axum::extract::Path;
use domain::conversation::support::SupportCommand;
use domain::limits::{TAG_LENGTH_MAX, TAGS_MAX};
use serde_json::json;

use super::Labels;
use crate::chatwoot::error::about;
use crate::chatwoot::request::Chatwoot;
use crate::description::schema;
use crate::edge::failure::Failure;
use crate::edge::rendered::Rendered;

schema! {
    /// The new labels, which replace all present ones.
    NewLabels = json!({
        "type": "object",
        "required": ["labels"],
        "properties": {
            "labels": {
                "type": "array", "maxItems": TAGS_MAX,
                "items": { "type": "string", "maxLength": TAG_LENGTH_MAX },
            },
        },
        "example": { "labels": ["billing"] },
    })
}

/// Replace a conversation's labels. They are trimmed, put into lower case and deduplicated.
#[utoipa::path(post, path = "/{account_id}/conversations/{id}/labels",
    operation_id = "chatwoot.labels.replace",
    params(("account_id" = i64, Path, description = "The caller's account"),
           ("id" = i64, Path, description = "The conversation")),
    request_body = NewLabels,
    responses((status = 200, description = "All of them", body = Labels),
              (status = 403, description = "Of an inbox that is not the caller's")))]
pub(super) async fn replace(
    Path((_account, id)): Path<(String, String)>,
    request: Chatwoot,
) -> Result<Rendered, Failure> {
    const FIELD: &str = "labels";
    let id = request.conversation_id(&id).await?;
    let labels = request.body()?.strings(FIELD)?;
    let change = SupportCommand::ReplaceLabels { labels };
    request.change(id, vec![change]).await.map_err(about(FIELD))?;
    let now = request.conversation_of(id).await?;
    Ok(Rendered::new(&Labels { payload: &now.labels }))
}
