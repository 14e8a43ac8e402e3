use domain::inbox::Channel;
use projections::views::support;
use serde::Serialize;
use utoipa::ToSchema;

/// A channel through which conversations come.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::chatwoot) struct Inbox<'a> {
    id: i64,
    /// The same as the inbox's.
    channel_id: i64,
    name: &'a str,
    #[schema(example = "Channel::Api")]
    channel_type: &'static str,
    avatar_url: &'static str,
    /// As clients set it; nothing follows from it.
    enable_auto_assignment: bool,
    /// A contact has one conversation for good.
    lock_to_single_conversation: bool,
    /// The inbox's UUID.
    inbox_identifier: String,
    /// Of a web widget.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    website_url: Option<&'a str>,
    /// Of an e-mail inbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    email: Option<&'a str>,
}

impl<'a> From<&'a support::Inbox> for Inbox<'a> {
    fn from(inbox: &'a support::Inbox) -> Self {
        Self {
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
}

/// What clients call a channel.
pub(in crate::chatwoot) fn channel_type(channel: Channel) -> &'static str {
    match channel {
        Channel::Api => "Channel::Api",
        Channel::WebWidget => "Channel::WebWidget",
        Channel::Email => "Channel::Email",
    }
}
