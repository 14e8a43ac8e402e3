//! URLs with their secrets masked.

use url::Url;

const MASK: &str = "********";

/// Query parameters that hold no secret.
const SHOWN: [&str; 8] = [
    "sslmode",
    "ssl-mode",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "application_name",
    "statement-cache-capacity",
];

/// A URL of PostgreSQL: the user is shown, the password is masked.
pub(super) fn postgres(url: &str) -> String {
    show(url, true).unwrap_or_else(|| MASK.to_owned())
}

/// URLs of NATS servers, with commas between. The user is masked too, since it may be a token.
pub(super) fn nats(urls: &str) -> String {
    let shown = urls.split(',').map(|url| match url.trim() {
        url if url.contains("://") => show(url, false),
        url => show(&format!("nats://{url}"), false),
    });
    shown.map(|url| url.unwrap_or_else(|| MASK.to_owned())).collect::<Vec<_>>().join(",")
}

/// Any other URL.
pub(super) fn web(url: &str) -> String {
    show(url, false).unwrap_or_else(|| MASK.to_owned())
}

/// `None` if it cannot be told which part is secret.
fn show(text: &str, user_is_shown: bool) -> Option<String> {
    let mut url = Url::parse(text).ok()?;
    if !url.has_host() || has_broken_login(&url) {
        return None;
    }
    if url.password().is_some() {
        url.set_password(Some(MASK)).ok()?;
    }
    if !user_is_shown && (url.password().is_some() || !url.username().is_empty()) {
        url.set_password(None).ok()?;
        url.set_username(MASK).ok()?;
    }
    if url.query().is_some() {
        let masked: Vec<(String, String)> = url.query_pairs().map(mask).collect();
        url.query_pairs_mut().clear().extend_pairs(masked);
    }
    if url.fragment().is_some() {
        url.set_fragment(Some(MASK));
    }
    Some(url.into())
}

fn mask((name, value): (impl Into<String>, impl Into<String>)) -> (String, String) {
    match (name.into(), value.into()) {
        (name, value) if SHOWN.contains(&name.as_str()) => (name, value),
        // Without a value, the name itself may be the secret.
        (_, value) if value.is_empty() => (MASK.to_owned(), value),
        (name, _) => (name, MASK.to_owned()),
    }
}

/// Whether the password has an unescaped `/`, `?` or `#`. It ends the host early, so the rest of
/// the password, and the `@`, come after the host.
pub(super) fn has_broken_login(url: &Url) -> bool {
    [Some(url.path()), url.query(), url.fragment()]
        .into_iter()
        .flatten()
        .any(|part| part.contains('@'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_shown_wherever_it_stands() {
        for (shown, expected) in [
            (
                postgres("postgres://ann:secret@host:5432/db?sslmode=require"),
                "postgres://ann:********@host:5432/db?sslmode=require",
            ),
            (
                postgres("postgres://host/db?password=secret&sslpassword=secret&user=secret"),
                "postgres://host/db?password=********&sslpassword=********&user=********",
            ),
            (postgres("postgres://ann:1/secret@host/db"), MASK),
            (postgres("postgres://ann:1?secret@host/db"), MASK),
            (postgres("ann:secret@host"), MASK),
            (nats("nats://secret@host:4222"), "nats://********@host:4222"),
            (nats("nats://secret:secret@host"), "nats://********@host"),
            (nats("secret@one, tls://secret@two"), "nats://********@one,tls://********@two"),
            (nats("off"), "nats://off"),
            (web("https://ann:secret@host/keys"), "https://********@host/keys"),
            (web("https://host/keys?secret"), "https://host/keys?********="),
            (web("https://host/keys?key=secret#secret"), "https://host/keys?key=********#********"),
            (web("secret"), MASK),
        ] {
            assert_eq!(shown, expected);
        }
    }
}
