use domain::inbox::Channel;
use projections::views::support;
use serde::Serialize;
use utoipa::ToSchema;

/// A channel through which conversations arrive.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Inbox<'a> {
    id: i64,
    /// Same as `id`.
    channel_id: i64,
    name: &'a str,
    channel_type: &'static str,
    avatar_url: &'static str,
    enable_auto_assignment: bool,
    lock_to_single_conversation: bool,
    inbox_identifier: String,
    /// Web widgets only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = str, required = false)]
    website_url: Option<&'a str>,
    /// E-mail inboxes only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = str, required = false)]
    email: Option<&'a str>,
}

/// A channel's name in this dialect.
pub(crate) fn channel_type(channel: Channel) -> &'static str {
    match channel {
        Channel::Api => "Channel::Api",
        Channel::WebWidget => "Channel::WebWidget",
        Channel::Email => "Channel::Email",
    }
}

pub(crate) fn inbox(inbox: &support::Inbox) -> Inbox<'_> {
    Inbox {
        id: inbox.number.get(),
        channel_id: inbox.number.get(),
        name: &inbox.name,
        channel_type: channel_type(inbox.channel),
        avatar_url: "",
        enable_auto_assignment: inbox.enable_auto_assignment,
        lock_to_single_conversation: inbox.lock_to_single_conversation,
        inbox_identifier: inbox.uuid.to_string(),
        website_url: inbox.website_url.as_deref(),
        email: inbox.email.as_deref(),
    }
}
