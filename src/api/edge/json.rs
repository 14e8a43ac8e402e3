//! Parsing of JSON that users and host systems send.

use serde_json::{Number, Value};

/// Parses a document without loss: a number that our number type cannot represent is refused.
///
/// # Errors
/// What is wrong with it, worded as the end of a sentence about the body.
pub(crate) fn parse(text: &str) -> Result<Value, String> {
    let value = serde_json::from_str(text).map_err(not_json)?;
    match numbers(text).find(|number| !is_exact(number)) {
        None => Ok(value),
        Some(number) => {
            let beginning: String = number.chars().take(40).collect();
            Err(format!(
                "has a number with more digits than a double keeps, {beginning}: send it as a \
                 string"
            ))
        }
    }
}

/// As [`parse`], from bytes.
///
/// # Errors
/// As [`parse`].
pub(crate) fn parse_bytes(bytes: &[u8]) -> Result<Value, String> {
    parse(utf8(bytes)?)
}

/// Parses a document of which no number is kept: one that a double rounds is accepted.
///
/// # Errors
/// What is wrong with it, as the end of a sentence about the body.
pub(crate) fn parse_rounding(bytes: &[u8]) -> Result<Value, String> {
    serde_json::from_str(utf8(bytes)?).map_err(not_json)
}

fn utf8(bytes: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(bytes).map_err(|error| format!("is not UTF-8: {error}"))
}

fn not_json(error: serde_json::Error) -> String {
    format!("is not JSON: {error}")
}

/// Whether any string or name in it contains U+0000, which PostgreSQL cannot store.
pub(crate) fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(object) => {
            object.iter().any(|(name, value)| name.contains('\0') || has_nul(value))
        }
        _ => false,
    }
}

/// The numbers of a valid JSON document, as written.
fn numbers(text: &str) -> impl Iterator<Item = &str> {
    let is_part =
        |byte: u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E');
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() {
            match bytes[at] {
                b'"' => {
                    at += 1;
                    while bytes[at] != b'"' {
                        at += if bytes[at] == b'\\' { 2 } else { 1 };
                    }
                    at += 1;
                }
                b'-' | b'0'..=b'9' => {
                    let length = bytes[at..].iter().take_while(|byte| is_part(**byte)).count();
                    at += length;
                    return Some(&text[at - length..at]);
                }
                _ => at += 1,
            }
        }
        None
    })
}

/// Whether parsing keeps a number's exact value.
fn is_exact(written: &str) -> bool {
    let kept: Result<Number, _> = serde_json::from_str(written);
    kept.is_ok_and(|kept| Decimal::of(&kept.to_string()) == Decimal::of(written))
}

/// A decimal number in canonical form: equal for all ways to write it.
#[derive(PartialEq)]
struct Decimal {
    is_negative: bool,
    /// Without leading and trailing zeros.
    digits: String,
    exponent: i64,
}

impl Decimal {
    fn of(number: &str) -> Option<Self> {
        let (is_negative, number) = match number.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, number),
        };
        let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}");
        let significant = digits.trim_end_matches('0');
        let zeros = digits.len() - significant.len();
        let significant = significant.trim_start_matches('0');
        if significant.is_empty() {
            return Some(Self { is_negative: false, digits: String::new(), exponent: 0 });
        }
        let exponent: i64 = exponent.parse().ok()?;
        let exponent = exponent.checked_add(zeros as i64 - fraction.len() as i64)?;
        Some(Self { is_negative, digits: significant.to_owned(), exponent })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_a_double_keeps_are_taken_however_they_are_written() {
        for number in [
            "0",
            "-0",
            "0.0",
            "1.50",
            "100e-2",
            "1E2",
            "0.1",
            "1.7976931348623157e308",
            "5e-324",
            "18446744073709551615",
            "-9223372036854775808",
            "9007199254740993",
            "1e22",
        ] {
            assert!(parse(&format!("[{number}]")).is_ok(), "{number}");
        }
    }

    #[test]
    fn numbers_that_would_lose_digits_are_refused_wherever_they_are() {
        for number in [
            "0.1234567890123456789",
            "18446744073709551617",
            "123456789012345678901234567890",
            "1e-400",
            "3.14159265358979323846",
        ] {
            for text in [format!("{{\"a\": [1, {{\"b\": {number}}}]}}"), number.to_owned()] {
                let why = parse(&text).unwrap_err();
                assert!(why.contains(number), "{why}");
            }
        }
        assert!(parse("1e309").is_err());
    }

    #[test]
    fn what_looks_like_a_number_in_a_string_is_none() {
        assert!(parse(r#"{"0.1234567890123456789": "\"0.1234567890123456789\\"}"#).is_ok());
    }

    #[test]
    fn a_character_that_cannot_be_stored_is_found_wherever_it_is() {
        let has_nul = |text: &str| has_nul(&parse(text).unwrap());
        assert!(has_nul(r#"{"a": ["\u0000"]}"#));
        assert!(has_nul(r#"{"\u0000": 1}"#));
        assert!(!has_nul(r#"{"a": "\\u0000"}"#));
    }
}
