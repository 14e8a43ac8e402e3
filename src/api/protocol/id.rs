//! Ids in this dialect's format: the UUID as a 128-bit number in base 62 (digits, capitals, small
//! letters), padded to 22 characters.

use uuid::Uuid;

const LENGTH: usize = 22;

pub(super) fn encode(id: impl Into<Uuid>) -> String {
    format!("{:0>LENGTH$}", base62::encode(id.into().as_u128()))
}

/// `None` for text that is not an id, which therefore names nothing.
pub(super) fn decode<T: From<Uuid>>(text: &str) -> Option<T> {
    let whole = text.len() == LENGTH;
    let number = whole.then(|| base62::decode(text).ok()).flatten()?;
    Some(Uuid::from_u128(number).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_the_number_in_base_62() {
        let id: Uuid = "018f4e2a-7c3b-7d10-9a55-3b1c2d4e5f60".parse().unwrap();
        assert_eq!(encode(id), "02wTwpycDo9xi5xyYPltg0");
        for id in [id, Uuid::nil(), Uuid::max()] {
            assert_eq!((encode(id).len(), decode(&encode(id))), (LENGTH, Some(id)));
        }
    }

    #[test]
    fn what_is_no_such_number_is_no_id() {
        for text in [
            "",
            "2wTwpycDo9xi5xyYPltg0",
            "002wTwpycDo9xi5xyYPltg0",
            "02wTwpycDo9xi5xyYPltg-",
            "zzzzzzzzzzzzzzzzzzzzzz",
        ] {
            assert_eq!(decode::<Uuid>(text), None, "{text}");
        }
        assert_ne!(decode::<Uuid>("02wTwpycDo9xi5xyYPltg0"), decode("02wTwpycDo9xi5xyYPltG0"));
    }
}
