//! The `WWW-Authenticate` headers of a 401: the accepted schemes, and why the token was refused.

use axum::http::HeaderValue;

use super::token::Refusal;

/// Bearer (RFC 6750, section 3), with the reason if a token was sent.
pub(crate) fn bearer(refusal: Option<&Refusal>) -> Vec<HeaderValue> {
    vec![match refusal {
        None => HeaderValue::from_static(r#"Bearer realm="Colloquy""#),
        Some(refusal) => {
            let (reason, realm) = (plain(refusal), r#"Bearer realm="Colloquy""#);
            let text = format!(r#"{realm}, error="invalid_token", error_description="{reason}""#);
            HeaderValue::try_from(text).expect("what is left is plain ASCII")
        }
    }]
}

/// Bearer and Basic (RFC 7617), each in a header of its own: not every client parses several
/// challenges from one.
pub(crate) fn bearer_or_basic(refusal: Option<&Refusal>) -> Vec<HeaderValue> {
    let basic = HeaderValue::from_static(r#"Basic realm="Colloquy", charset="UTF-8""#);
    [bearer(refusal), vec![basic]].concat()
}

/// The refusal's text, limited to the characters that RFC 6750 allows in a description: the name of
/// a claim is configured, and may have others.
fn plain(refusal: &Refusal) -> String {
    let is_taken = |c: char| matches!(c, ' '..='~') && !matches!(c, '"' | '\\');
    refusal.to_string().chars().map(|c| if is_taken(c) { c } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_told_when_there_was_a_token() {
        assert_eq!(bearer(None), [r#"Bearer realm="Colloquy""#]);
        assert_eq!(
            bearer(Some(&Refusal::Expired)),
            [r#"Bearer realm="Colloquy", error="invalid_token", error_description="expired""#]
        );
    }

    #[test]
    fn basic_is_a_challenge_of_its_own() {
        let basic = r#"Basic realm="Colloquy", charset="UTF-8""#;
        assert_eq!(bearer_or_basic(None), [r#"Bearer realm="Colloquy""#, basic]);
    }

    #[test]
    fn a_claim_of_any_name_keeps_the_header_whole() {
        let refusal = Refusal::Claim("a\"\\\nü".into());
        let challenges = bearer(Some(&refusal));
        let text = challenges[0].to_str().unwrap();
        assert!(text.ends_with(r#"error_description="claim a???? missing or unusable""#), "{text}");
    }
}
