use domain::AccountId;

use crate::ops::{Failure, output, token};

/// Prints what a newcomer needs: the URL, a token that works, three requests to paste.
pub(super) fn print(
    url: &str,
    secret: &str,
    rules: &api::token::Rules,
    reading_command: Option<String>,
) -> Result<(), Failure> {
    const MONTH_S: u32 = 30 * 24 * 3600;
    let service =
        token::issue(secret, rules, "quick-start", None, AccountId::FIRST, "service", MONTH_S)?;
    let ann = token::issue(secret, rules, "ann", Some("Ann"), AccountId::FIRST, "member", MONTH_S)?;
    let events = reading_command.map_or_else(String::new, |command| {
        format!(
            "Events are on NATS JetStream (docs/consumers.md). Once a consumer NAME is made, it is \
             read with\n\n{command}\n\n"
        )
    });
    // Standard output may be closed, and the server continues all the same.
    let _ = output::text(&format!(
        "
Colloquy is running at {url}  (API: {url}/docs, stop with Ctrl-C)

Ann's access token, good for 30 days:
{ann}

Try it from another shell: register Bob, start a chat with him, list Ann's chats.

curl -sX PUT {url}/api/users/bob -H 'Authorization: Bearer {service}' --json '{{\"name\":\"Bob\"}}'

curl -s {url}/api/conversations -H 'Authorization: Bearer {ann}' --json '{{\"members\":[\"bob\"]}}'

curl -s {url}/api/conversations -H 'Authorization: Bearer {ann}'

{events}"
    ));
    Ok(())
}
