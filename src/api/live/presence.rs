//! Presence: users who made a request or had an open stream within the last minutes, on any node.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use domain::UserId;
use quick_cache::sync::Cache;

use super::Live;
use super::rendered::json;

pub(super) const SUBJECT: &str = "presence";

/// How long a user counts as present after they were last seen.
const ACTIVE_FOR: Duration = Duration::from_secs(300);
/// A user seen more recently than this is not noted again.
const NOTED_EVERY: Duration = Duration::from_secs(30);
const TOLD_EVERY: Duration = Duration::from_secs(1);
/// Users whose last activity is remembered.
const USERS_MAX: usize = 100_000;
/// Users per signal.
const TOLD_MAX: usize = 1000;

/// When users were last seen.
pub(crate) struct Presence {
    seen: Cache<UserId, Instant>,
    /// Users to announce to other nodes.
    news: Mutex<HashSet<UserId>>,
}

impl Default for Presence {
    fn default() -> Self {
        Self { seen: Cache::new(USERS_MAX), news: Mutex::default() }
    }
}

impl Presence {
    /// Notes that a user is present.
    pub(crate) fn note(&self, user: UserId) {
        if self.seen.get(&user).is_some_and(|seen| seen.elapsed() < NOTED_EVERY) {
            return;
        }
        self.seen.insert(user, Instant::now());
        let mut news = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        if news.len() < USERS_MAX {
            news.insert(user);
        }
    }

    /// Presence as of now.
    pub(crate) fn now(&self) -> Present<'_> {
        Present { presence: self, now: Instant::now() }
    }

    /// Handles another node's announcement.
    pub(super) fn hear(&self, body: &[u8]) {
        let users: Vec<UserId> = serde_json::from_slice(body).unwrap_or_default();
        for user in users.into_iter().take(TOLD_MAX) {
            self.seen.insert(user, Instant::now());
        }
    }

    fn take_news(&self) -> Vec<UserId> {
        let mut news = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        news.drain().collect()
    }
}

/// Presence as of one moment: an answer lists many users and reads the clock once.
#[derive(Clone, Copy)]
pub(crate) struct Present<'a> {
    presence: &'a Presence,
    now: Instant,
}

impl Present<'_> {
    pub(crate) fn is_active(self, user: UserId) -> bool {
        let seen = self.presence.seen.get(&user);
        seen.is_some_and(|seen| self.now.saturating_duration_since(seen) < ACTIVE_FOR)
    }
}

impl Live {
    pub(crate) fn presence(&self) -> &Presence {
        &self.0.presence
    }

    /// Announces users seen on this node to the other nodes, once a second.
    pub(super) async fn tell_who_is_there(&self) {
        loop {
            tokio::time::sleep(TOLD_EVERY).await;
            for users in self.0.presence.take_news().chunks(TOLD_MAX) {
                self.signal(SUBJECT.to_owned(), json(&users).into_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn somebody_who_was_seen_is_told_once_and_whom_others_tell_of_never() {
        let presence = Presence::default();
        let [ann, bob] = [1, 2].map(|n| UserId::new(Uuid::from_u128(n)));
        presence.note(ann);
        presence.note(ann);
        presence.hear(json(&[bob]).as_bytes());
        presence.hear(b"nonsense");
        let now = presence.now();
        assert!(now.is_active(ann) && now.is_active(bob));
        assert!(!now.is_active(UserId::new(Uuid::nil())));
        assert_eq!(presence.take_news(), [ann]);
        presence.note(bob);
        assert_eq!(presence.take_news(), []);
    }
}
