use std::str::FromStr;

use chrono::{DateTime, Utc};
use domain::AccountId;
use event_store::RecordedEvent;

/// A place in the log, or in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// After the event at this position.
    Position(i64),
    /// After the last event recorded at or before this time.
    Time(DateTime<Utc>),
}

/// The text is neither a position nor a time.
#[derive(Debug, thiserror::Error)]
#[error("expected a position or a time such as 2026-01-31T14:03:00Z")]
pub struct UnknownMoment;

impl FromStr for Moment {
    type Err = UnknownMoment;

    fn from_str(text: &str) -> Result<Self, UnknownMoment> {
        if let Ok(position) = text.parse::<i64>() {
            return if position >= 0 { Ok(Self::Position(position)) } else { Err(UnknownMoment) };
        }
        DateTime::parse_from_rfc3339(text)
            .map(|time| Self::Time(time.with_timezone(&Utc)))
            .map_err(|_| UnknownMoment)
    }
}

impl Moment {
    pub(super) fn is_before(self, event: &RecordedEvent, account: Option<AccountId>) -> bool {
        match self {
            Self::Position(position) => place(event, account) > position,
            Self::Time(time) => event.recorded_at > time,
        }
    }
}

/// An event's position as the caller counts: within the account, which reveals nothing about
/// others, or in the whole log for callers without an account.
pub(super) fn place(event: &RecordedEvent, account: Option<AccountId>) -> i64 {
    match account {
        Some(_) => event.account_position.get(),
        None => event.position.get(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_position_or_a_time() {
        assert_eq!("17".parse::<Moment>().unwrap(), Moment::Position(17));
        assert!(matches!("2026-01-31T14:03:00+02:00".parse(), Ok(Moment::Time(_))));
        for text in ["-1", "yesterday", ""] {
            assert!(text.parse::<Moment>().is_err(), "{text}");
        }
    }
}
