use domain::PublicId;
use domain::inbox::{Channel, Command, Inbox as Aggregate, Settings};
use serde_json::json;

use super::settings;
use crate::chatwoot::error::missing;
use crate::chatwoot::objects::{Inbox, inbox};
use crate::chatwoot::request::Chatwoot;
use crate::description::{parts, schema};
use crate::edge::failure::Failure;
use crate::edge::rendered::Rendered;
use crate::edge::request::new_id;

schema! {
    /// A new inbox. Its channel cannot be changed later; a web widget needs a `website_url` and an
    /// e-mail inbox an `email`.
    NewInbox = {
        let example = json!({ "name": "Shop", "channel": { "type": "api" } });
        let mut inbox = settings::schema(example);
        inbox["required"] = json!(["name", "channel"]);
        inbox["properties"]["name"] = parts::required_text(domain::inbox::NAME_LENGTH_MAX);
        let channels: Vec<&str> = Channel::ALL.iter().map(|channel| channel.as_str()).collect();
        let channel = &mut inbox["properties"]["channel"];
        channel["type"] = json!("object");
        channel["required"] = json!(["type"]);
        channel["properties"]["type"] = json!({ "type": "string", "enum": channels });
        inbox
    }
}

/// Create an inbox: for administrators and service tokens.
#[utoipa::path(post, path = "/{account_id}/inboxes",
    operation_id = "chatwoot.inboxes.create",
    params(("account_id" = i64, Path, description = "The caller's account")),
    request_body = NewInbox,
    responses((status = 200, description = "The inbox", body = Inbox),
              (status = 403, description = "Neither an administrator nor a service token"),
              (status = 422, description = "A value is missing or cannot be used")))]
pub(super) async fn create(request: Chatwoot) -> Result<Rendered, Failure> {
    request.administer()?;
    let body = request.body()?;
    body.required_text("name")?;
    let of_channel = body.part("channel")?.ok_or_else(|| missing("channel"))?;
    let channel = of_channel.one_of("type", Channel::ALL, Channel::as_str)?;
    let channel = channel.ok_or_else(|| missing("type"))?;
    match channel {
        Channel::Api => {}
        Channel::WebWidget => drop(of_channel.required_text("website_url")?),
        Channel::Email => drop(of_channel.required_text("email")?),
    }
    let settings = settings::read(&body, &of_channel, channel)?;
    let settings = Settings {
        lock_to_single_conversation: settings.lock_to_single_conversation.or(Some(false)),
        enable_auto_assignment: settings.enable_auto_assignment.or(Some(true)),
        ..settings
    };
    let create = Command::CreateInbox { channel, settings };
    let outcome = request.execute::<Aggregate>(new_id(), create).await?;
    let number = outcome.first.map(PublicId::from).ok_or_else(Failure::not_found)?;
    Ok(Rendered::new(&inbox(&request.inbox(number).await?)))
}
