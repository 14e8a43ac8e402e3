use projections::User;
use serde::Serialize;
use utoipa::ToSchema;

/// A user who supports contacts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Agent<'a> {
    id: i64,
    account_id: i64,
    availability_status: &'static str,
    auto_offline: bool,
    confirmed: bool,
    /// Empty if unknown.
    email: &'a str,
    provider: &'static str,
    available_name: &'a str,
    name: &'a str,
    role: &'a str,
    thumbnail: &'a str,
}

pub(crate) fn agent(user: &User) -> Agent<'_> {
    Agent {
        id: user.id.get(),
        account_id: user.account_id.get(),
        availability_status: "online",
        auto_offline: true,
        confirmed: true,
        email: user.email.as_deref().unwrap_or_default(),
        provider: "email",
        available_name: user.display_name(),
        name: user.display_name(),
        role: user.role.as_deref().unwrap_or_default(),
        thumbnail: user.avatar_url.as_deref().unwrap_or_default(),
    }
}
