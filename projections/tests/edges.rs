//! Values at and around the limits of what the domain accepts.

use chrono::{DateTime, TimeDelta, Utc};
use domain::Text;
use domain::limits::{METADATA_DEPTH_MAX, TAGS_MAX};
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use serde_json::{Map, Number, Value, json};

pub(super) struct Edges(pub(super) StdRng);

impl Edges {
    pub(super) fn one_in(&mut self, n: u32) -> bool {
        self.0.random_ratio(1, n)
    }

    /// A length at a limit, or a short one.
    pub(super) fn length(&mut self, max: usize) -> usize {
        match self.0.random_range(0..4) {
            0 => max - self.0.random_range(0..2),
            1 => max + self.0.random_range(0..2),
            _ => self.0.random_range(0..max.min(40)),
        }
    }

    /// A text of one repeated character, or of random ones.
    pub(super) fn text(&mut self, max: usize) -> String {
        const HEAVY: [char; 7] = ['x', '"', '\\', '\u{1}', '\u{7f}', '😀', '\u{202e}'];
        let length = self.length(max);
        if self.one_in(2) {
            let one = *HEAVY.choose(&mut self.0).unwrap();
            return std::iter::repeat_n(one, length).collect();
        }
        // Any scalar value; U+0000 more often than by chance.
        let any = |random: &mut StdRng| match random.random_ratio(1, 500) {
            true => '\0',
            false => random.random(),
        };
        (0..length).map(|_| any(&mut self.0)).collect()
    }

    pub(super) fn number(&mut self) -> Number {
        let edges = [f64::MAX, f64::MIN, f64::MIN_POSITIVE, 5e-324, -0.0, 1e22, 0.1, 1e15 + 0.5];
        match self.0.random_range(0..5) {
            0 => [i64::MIN, i64::MAX, 0, -1].choose(&mut self.0).copied().unwrap().into(),
            1 => [u64::MAX, (1 << 53) + 1].choose(&mut self.0).copied().unwrap().into(),
            2 => Number::from_f64(*edges.choose(&mut self.0).unwrap()).unwrap(),
            _ => Number::from_f64(f64::from_bits(self.0.random())).unwrap_or_else(|| 1.into()),
        }
    }

    pub(super) fn value(&mut self, depth: usize) -> Value {
        match self.0.random_range(0..if depth == 0 { 4 } else { 7 }) {
            0 => Value::Null,
            1 => Value::Bool(self.0.random()),
            2 => Value::Number(self.number()),
            3 => Value::String(self.text(30)),
            4 => (0..self.0.random_range(0..3)).map(|_| self.value(depth - 1)).collect(),
            _ => Value::Object(self.object(depth - 1)),
        }
    }

    pub(super) fn object(&mut self, depth: usize) -> Map<String, Value> {
        (0..self.0.random_range(0..3)).map(|_| (self.text(20), self.value(depth))).collect()
    }

    pub(super) fn metadata(&mut self) -> Option<Map<String, Value>> {
        let of_depth = |depth: usize| {
            (1..depth).fold(json!({"deep": 1}), |inner, level| match level % 2 {
                0 => json!([inner]),
                _ => json!({ "deep": inner }),
            })
        };
        match self.0.random_range(0..6) {
            0 => None,
            1 => {
                let depth = METADATA_DEPTH_MAX - 1 + self.0.random_range(0..3);
                Some(Map::from_iter([("deep".to_owned(), of_depth(depth))]))
            }
            2 => Some(Map::from_iter([("long".to_owned(), self.text(64 * 1024).into())])),
            3 => Some((0..self.length(1000)).map(|n| (n.to_string(), json!(n))).collect()),
            _ => Some(self.object(6)),
        }
    }

    pub(super) fn tags(&mut self) -> Vec<String> {
        let number = if self.one_in(3) { self.length(TAGS_MAX) } else { 2 };
        (0..number).map(|_| self.text(if number > 2 { 150 } else { 256 })).collect()
    }

    pub(super) fn optional(&mut self, max: usize) -> Option<Text> {
        (!self.one_in(4)).then(|| self.text(max).into())
    }

    pub(super) fn time(&mut self) -> DateTime<Utc> {
        const EDGES: [&str; 7] = [
            "0001-01-01T00:00:00Z",
            "0000-12-31T23:59:59.999999999Z",
            "9999-12-31T23:59:59.999999999Z",
            "+10000-01-01T00:00:00Z",
            "2016-12-31T23:59:60.5Z",
            "1969-12-31T23:59:59.123456789+14:00",
            "2026-06-01T12:00:00.000000001-12:00",
        ];
        let edge: DateTime<Utc> = EDGES.choose(&mut self.0).unwrap().parse().unwrap();
        if self.one_in(2) { edge } else { edge + TimeDelta::nanoseconds(self.0.random_range(0..2)) }
    }
}
