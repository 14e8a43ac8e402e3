use axum::Json;
use axum::extract::Path;
use domain::AccountPosition;
use domain::audit::Part;
use event_store::{Found, Search};

use crate::audit::objects::{Event, Events};
use crate::audit::request::Auditor;
use crate::edge::failure::Failure;

const LIMIT_DEFAULT: i64 = 100;
const LIMIT_MAX: i64 = 1000;

/// List the events of a conversation, including its members' own and the recorded accesses of
/// auditors, oldest first.
#[utoipa::path(get, path = "/conversations/{conversation}/events",
    operation_id = "audit.conversations.events",
    params(("conversation" = Uuid, Path, description = "The conversation"),
           ("after" = Option<i64>, Query, description = "Only events after this position"),
           ("limit" = Option<i64>, Query, description = "Page size, 1 to 1000 (default 100)")),
    responses((status = 200, description = "A page", body = Events),
              (status = 403, description = "Not an administrator"),
              (status = 404, description = "Unknown, or of another account")))]
pub(super) async fn events(
    Path(conversation): Path<String>,
    request: Auditor,
) -> Result<Json<Events>, Failure> {
    let after = request.parameter("after", "a position")?.unwrap_or(AccountPosition::START);
    let limit = request.parameter("limit", "a number")?.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        let why = format!("limit must be 1 to {LIMIT_MAX}");
        return Err(Failure::bad_request(why));
    }
    let conversation = request.reads(&conversation, Part::Events).await?;
    let search = Search {
        conversation: Some(conversation),
        account: Some(request.account()),
        ..Search::default()
    };
    // The size of the answer is unknown before it is read: take a slot for large answers first.
    if let Some(size) = request.views().answer_size() {
        size.make_room().await?;
    }
    let after = request.log().position_of(request.account(), after).await?;
    let Found { events, more } = request.log().search(&search, after, limit).await?;
    let next = events.last().filter(|_| more).map(|last| last.account_position.get());
    Ok(Json(Events { data: events.iter().map(Event::from).collect(), next }))
}
