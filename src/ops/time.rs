//! Parses moments as people write them. All times are UTC, as the log shows them.

use std::str::FromStr;

use chrono::{DateTime, Days, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use projections::history::Moment;

use super::Failure;

/// A time, absolute or relative to now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    At(DateTime<Utc>),
    /// The beginning of the day this many days before today.
    DaysBeforeToday(u64),
    Before(TimeDelta),
    MonthsBefore(u32),
}

const EXPECTED: &str = "expected a time such as 2026-01-31T14:03:00Z, \"2026-01-31 14:03\", \
                        2026-01-31, \"2 days ago\", yesterday, today or now (UTC)";

impl FromStr for When {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        match text.to_ascii_lowercase().as_str() {
            "now" => return Ok(Self::Before(TimeDelta::zero())),
            "today" => return Ok(Self::DaysBeforeToday(0)),
            "yesterday" => return Ok(Self::DaysBeforeToday(1)),
            _ => {}
        }
        absolute(text).map(Self::At).or_else(|| ago(text)).ok_or(EXPECTED)
    }
}

impl When {
    /// The absolute time; refused if it is out of range, as millions of centuries ago.
    pub(super) fn resolve(self, now: DateTime<Utc>) -> Result<DateTime<Utc>, Failure> {
        let midnight = now.date_naive().and_time(NaiveTime::MIN).and_utc();
        let time = match self {
            Self::At(time) => Some(time),
            Self::DaysBeforeToday(days) => midnight.checked_sub_days(Days::new(days)),
            Self::Before(time) => now.checked_sub_signed(time),
            Self::MonthsBefore(months) => now.checked_sub_months(Months::new(months)),
        };
        time.ok_or_else(|| Failure::Usage(EXPECTED.to_owned()))
    }
}

fn absolute(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.to_utc());
    }
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Some(day.and_time(NaiveTime::MIN).and_utc());
    }
    let formats =
        ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f"];
    let parsed = |format| NaiveDateTime::parse_from_str(text, format).ok();
    formats.into_iter().find_map(parsed).map(|time| time.and_utc())
}

/// `2 days ago`, `an hour ago`, `90min ago`.
fn ago(text: &str) -> Option<When> {
    let text = text.to_ascii_lowercase();
    let amount = text.strip_suffix("ago")?.trim();
    let end = amount.find(|c: char| !c.is_ascii_digit()).unwrap_or(amount.len());
    let (number, unit) = match amount.split_at(end) {
        ("", words) => (1, words.strip_prefix("an ").or_else(|| words.strip_prefix("a "))?),
        (number, unit) => (number.parse::<u32>().ok()?, unit),
    };
    let seconds =
        |unit_s: i64| TimeDelta::try_seconds(i64::from(number) * unit_s).map(When::Before);
    match unit.trim() {
        "s" | "sec" | "secs" | "second" | "seconds" => seconds(1),
        "m" | "min" | "mins" | "minute" | "minutes" => seconds(60),
        "h" | "hour" | "hours" => seconds(3600),
        "d" | "day" | "days" => seconds(24 * 3600),
        "w" | "week" | "weeks" => seconds(7 * 24 * 3600),
        "month" | "months" => Some(When::MonthsBefore(number)),
        "y" | "year" | "years" => number.checked_mul(12).map(When::MonthsBefore),
        _ => None,
    }
}

/// A position of the log, or a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Point {
    Position(i64),
    Time(When),
}

impl FromStr for Point {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse::<i64>() {
            Ok(position) if position >= 0 => Ok(Self::Position(position)),
            Ok(_) => Err("expected a position of the log, 0 or greater, or a time"),
            Err(_) => text.parse().map(Self::Time),
        }
    }
}

impl Point {
    pub(super) fn resolve(self, now: DateTime<Utc>) -> Result<Moment, Failure> {
        Ok(match self {
            Self::Position(position) => Moment::Position(position),
            Self::Time(when) => Moment::Time(when.resolve(now)?),
        })
    }
}

/// The time at which a verb begins.
#[expect(clippy::disallowed_methods, reason = "what is `ago` is before the verb began")]
pub(super) fn now() -> DateTime<Utc> {
    Utc::now()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]
mod tests {
    use super::*;

    fn resolved(text: &str) -> String {
        let now = "2026-03-31T14:03:05Z".parse().unwrap();
        text.parse::<When>().unwrap().resolve(now).unwrap().to_rfc3339()
    }

    #[test]
    fn dates_and_times_are_of_utc() {
        for (text, expected) in [
            ("2026-01-31T14:03:00Z", "2026-01-31T14:03:00+00:00"),
            ("2026-01-31T14:03:00+02:00", "2026-01-31T12:03:00+00:00"),
            ("2026-01-31", "2026-01-31T00:00:00+00:00"),
            ("2026-01-31 14:03", "2026-01-31T14:03:00+00:00"),
            ("2026-01-31T14:03:07.5", "2026-01-31T14:03:07.500+00:00"),
        ] {
            assert_eq!(resolved(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_ago_is_before_now() {
        for (text, expected) in [
            ("now", "2026-03-31T14:03:05+00:00"),
            ("today", "2026-03-31T00:00:00+00:00"),
            ("Yesterday", "2026-03-30T00:00:00+00:00"),
            ("2 days ago", "2026-03-29T14:03:05+00:00"),
            ("an hour ago", "2026-03-31T13:03:05+00:00"),
            ("90min ago", "2026-03-31T12:33:05+00:00"),
            ("1 week ago", "2026-03-24T14:03:05+00:00"),
            ("1 month ago", "2026-02-28T14:03:05+00:00"),
            ("2 years ago", "2024-03-31T14:03:05+00:00"),
        ] {
            assert_eq!(resolved(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in
            ["", "tomorrow", "2 days", "ago", "-1 days ago", "2 fortnights ago", "2026-02-30"]
        {
            assert_eq!(text.parse::<When>(), Err(EXPECTED), "{text}");
        }
        let long_ago = "4000000000 years ago".parse::<When>();
        assert!(long_ago.is_err_and(|expected| expected == EXPECTED));
        let now = "2026-03-31T14:03:05Z".parse().unwrap();
        assert!("4000000000 months ago".parse::<When>().unwrap().resolve(now).is_err());
    }
}
