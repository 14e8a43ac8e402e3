use axum::http::{HeaderMap, header};

use crate::Services;
use crate::edge::caller;

/// Metrics that are public: the state of the parts, and their lag. No counters and no positions:
/// from these, users of one account could tell how active the others are.
const OPEN: [&str; 6] = [
    "colloquy_lease_held",
    "colloquy_pool_connections",
    "colloquy_pool_connections_idle",
    "colloquy_projection_lag_seconds",
    "colloquy_relay_failing",
    "colloquy_relay_lag_seconds",
];

/// Tells a scraper without a valid token what is missing.
const NOTE: &str =
    "# Metrics that count are shown with COLLOQUY_METRICS_TOKEN or a service token of account 1.\n";

/// Whether a request has the token for scraping, or an operator's.
pub(super) async fn may_read_all(services: &Services, headers: &HeaderMap) -> bool {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = given.and_then(|given| given.strip_prefix("Bearer ")).unwrap_or_default();
    let is_scrape = |token: &str| is_same(token.as_bytes(), given.trim().as_bytes());
    services.metrics_token.as_deref().is_some_and(is_scrape)
        || caller::is_operator(services, headers).await
}

/// Compares in a time that does not depend on how many bytes match.
fn is_same(token: &[u8], given: &[u8]) -> bool {
    let differing = token.iter().zip(given).fold(0, |differing, (a, b)| differing | (a ^ b));
    token.len() == given.len() && differing == 0
}

/// The public metrics of a text in Prometheus format.
pub(super) fn of(text: &str) -> String {
    let is_open = |line: &&str| {
        let line = line.strip_prefix("# TYPE ").or(line.strip_prefix("# HELP ")).unwrap_or(line);
        OPEN.contains(&line.split([' ', '{']).next().unwrap_or_default())
    };
    let open = text.split_inclusive('\n').filter(is_open);
    std::iter::once(NOTE).chain(open).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_read_the_open_ones_whole() {
        let text = "# TYPE colloquy_relay_failing gauge\ncolloquy_relay_failing 0\n\n\
                    # TYPE colloquy_log_position gauge\ncolloquy_log_position 4711\n\n\
                    # TYPE colloquy_pool_connections gauge\n\
                    colloquy_pool_connections{pool=\"log\"} 7\n";
        let open = "# TYPE colloquy_relay_failing gauge\ncolloquy_relay_failing 0\n\
                    # TYPE colloquy_pool_connections gauge\n\
                    colloquy_pool_connections{pool=\"log\"} 7\n";
        assert_eq!(of(text), format!("{NOTE}{open}"));
    }

    #[test]
    fn a_token_is_right_as_a_whole() {
        assert!(is_same(b"token", b"token"));
        for given in [&b""[..], b"toke", b"tokem", b"tokens"] {
            assert!(!is_same(b"token", given));
        }
    }
}
