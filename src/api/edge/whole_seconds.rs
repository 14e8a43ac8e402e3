use chrono::{DateTime, Datelike, SecondsFormat, Timelike, Utc};
use serde::{Serialize, Serializer};

/// A time in RFC 3339, in whole seconds. Serialised without a heap allocation: one room can have
/// thousands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WholeSeconds(pub(crate) DateTime<Utc>);

impl Serialize for WholeSeconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (date, time) = (self.0.date_naive(), self.0.time());
        let year = u32::try_from(date.year()).ok().filter(|year| *year < 10_000);
        let is_leap_second = time.nanosecond() >= 1_000_000_000;
        let Some(year) = year.filter(|_| !is_leap_second) else {
            return serializer.serialize_str(&self.0.to_rfc3339_opts(SecondsFormat::Secs, true));
        };
        let mut text = *b"0000-00-00T00:00:00Z";
        let century_and_year = [year / 100, year % 100];
        let rest = [date.month(), date.day(), time.hour(), time.minute(), time.second()];
        let places = [0, 2, 5, 8, 11, 14, 17];
        for (place, number) in places.into_iter().zip(century_and_year.into_iter().chain(rest)) {
            text[place] = b'0' + (number / 10) as u8;
            text[place + 1] = b'0' + (number % 10) as u8;
        }
        serializer.serialize_str(std::str::from_utf8(&text).expect("digits are ASCII"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_as_chrono_writes_it() {
        // From before the year 0 to after 9999, with and without fractions and leap seconds.
        for seconds in (-80_000_000_000i64..300_000_000_000).step_by(7_654_321) {
            for nanoseconds in [0, 999_999_999, 1_500_000_000] {
                let Some(at) = DateTime::from_timestamp(seconds, nanoseconds) else { continue };
                let written = at.to_rfc3339_opts(SecondsFormat::Secs, true);
                assert_eq!(serde_json::to_value(WholeSeconds(at)).unwrap(), written);
            }
        }
    }
}
