use projections::User;
use serde::Serialize;
use utoipa::ToSchema;

/// Nobody's presence is looked at.
pub(super) const OFFLINE: &str = "offline";

/// A user who supports contacts.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::chatwoot) struct Agent<'a> {
    id: i64,
    account_id: i64,
    #[schema(example = "offline")]
    availability_status: &'static str,
    auto_offline: bool,
    confirmed: bool,
    /// Empty when it is not known.
    email: &'a str,
    available_name: &'a str,
    name: &'a str,
    #[schema(example = "agent")]
    role: &'a str,
    /// Empty when there is none.
    thumbnail: &'a str,
    #[schema(example = "email")]
    provider: &'static str,
}

impl<'a> From<&'a User> for Agent<'a> {
    fn from(user: &'a User) -> Self {
        let name = user.display_name();
        Self {
            id: user.id.get(),
            account_id: user.account_id.get(),
            availability_status: OFFLINE,
            auto_offline: true,
            confirmed: true,
            email: user.email.as_deref().unwrap_or_default(),
            available_name: name,
            name,
            role: user.role.as_deref().unwrap_or("agent"),
            thumbnail: user.avatar_url.as_deref().unwrap_or_default(),
            provider: "email",
        }
    }
}
