//! Users whose tokens this node has seen, and what the directory copied from those tokens.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::user::{self, Profile, User};
use domain::{Position, UserId};
use event_store::{CommandError, Context};
use quick_cache::sync::Cache;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::caller::Caller;
use super::failure::Failure;
use super::rejection::NotCaughtUp;
use super::token::Role;
use crate::Services;

/// A user's name and role are copied from a token at most this often, so that callers cannot fill
/// the log by merely reading.
const TAKEN_EVERY: TimeDelta = TimeDelta::seconds(60);
/// After this long a token is applied again although it says nothing new: another node may
/// meanwhile have applied an older token, or one without `iat`. The user's stream cannot tell,
/// since tokens that change nothing are not recorded.
const DOUBTED_AFTER: TimeDelta = TimeDelta::seconds(600);
const USERS_MAX: usize = 100_000;
const WAIT: Duration = Duration::from_secs(5);

/// Per node, the last token seen of each user, so that most requests look up nothing. Which token
/// is the newest that was applied, on any node, is kept by the user's own stream.
#[derive(Debug, Clone)]
pub struct Seen(Arc<Cache<UserId, Arc<Sight>>>);

impl Default for Seen {
    fn default() -> Self {
        Self(Arc::new(Cache::new(USERS_MAX)))
    }
}

/// The token that a user's name and role were taken from.
#[derive(Debug)]
struct Sight {
    name: Option<String>,
    role: Role,
    /// In Unix seconds, if the token says.
    issued_at: Option<f64>,
    taken_at: DateTime<Utc>,
    /// The first token of this user on this node: the next one is applied without the minimum
    /// pause.
    is_first: bool,
    /// The position from which on the directory shows this token's data, and whether it does yet.
    position: Position,
    is_shown: AtomicBool,
    /// Held while another token is being applied.
    taking: Mutex<()>,
}

impl Sight {
    /// Whether another token's name and role have to be applied.
    fn gives_way_to(&self, caller: &Caller, now: DateTime<Utc>) -> bool {
        // The absolute value also covers a clock that was set back.
        let age = (now - self.taken_at).abs();
        if age < TAKEN_EVERY && !self.is_first {
            return false;
        }
        match (self.issued_at, caller.issued_at) {
            (Some(last), Some(issued)) => issued > last || issued == last && age >= DOUBTED_AFTER,
            _ => self.differs_from(caller) || age >= DOUBTED_AFTER,
        }
    }

    fn differs_from(&self, caller: &Caller) -> bool {
        let is_renamed = caller.name.is_some() && caller.name != self.name;
        is_renamed || caller.role != self.role
    }
}

/// Registers a user when their token is first seen, and keeps name and role up to date. Returns
/// when the directory shows them.
pub(crate) async fn see(
    services: &Services,
    caller: &Caller,
    context: &Context,
) -> Result<(), Failure> {
    let Some(id) = caller.user() else { return Ok(()) };
    let seen = &services.seen.0;
    let sight = match seen.get(&id) {
        Some(last) => follow(services, id, caller, context, last).await?,
        // One request registers or looks up the user; concurrent ones wait for its outcome.
        None => {
            let first = seen.get_or_insert_async(&id, take(services, id, caller, context, None));
            timeout(WAIT, first).await.map_err(|_| NotCaughtUp::WithCaller)??
        }
    };
    if !sight.is_shown.load(Relaxed) {
        if !services.views.progress().wait_for(sight.position, WAIT).await {
            // Answering now could leave the caller's own profile out.
            return Err(NotCaughtUp::WithCaller.into());
        }
        sight.is_shown.store(true, Relaxed);
    }
    Ok(())
}

/// Applies a user's token if necessary. One request does so; concurrent ones go on with what is
/// known.
async fn follow(
    services: &Services,
    id: UserId,
    caller: &Caller,
    context: &Context,
    known: Arc<Sight>,
) -> Result<Arc<Sight>, CommandError<user::Refusal>> {
    let (seen, now) = (&services.seen.0, context.metadata.occurred_at);
    if !known.gives_way_to(caller, now) {
        return Ok(known);
    }
    let Ok(_taking) = known.taking.try_lock() else { return Ok(known.clone()) };
    if let Some(newer) = seen.get(&id).filter(|last| !last.gives_way_to(caller, now)) {
        return Ok(newer);
    }
    let sight = take(services, id, caller, context, Some(&known)).await?;
    seen.insert(id, sight.clone());
    Ok(sight)
}

/// Copies name and role of a token to the directory.
async fn take(
    services: &Services,
    id: UserId,
    caller: &Caller,
    context: &Context,
    last: Option<&Sight>,
) -> Result<Arc<Sight>, CommandError<user::Refusal>> {
    let profile = Profile {
        name: caller.name.as_deref().map(Into::into),
        role: Some(caller.role.as_str().to_owned()),
        ..Profile::default()
    };
    // The request's idempotency key stands for its own command, not for this one.
    let context = Context { metadata: context.metadata.clone(), idempotency: None };
    let issued_at = caller.issued_at.and_then(|seconds| {
        DateTime::from_timestamp_micros((seconds * 1e6) as i64).filter(|at| at.timestamp() >= 0)
    });
    let follow = user::Command::FollowToken { uid: caller.uid.clone(), profile, issued_at };
    let outcome = services.commands.execute::<User>(id, follow, &context).await?;
    Ok(Arc::new(Sight {
        name: caller.name.clone().or_else(|| last.and_then(|last| last.name.clone())),
        role: caller.role,
        issued_at: caller.issued_at.or(last.and_then(|last| last.issued_at)),
        taken_at: context.metadata.occurred_at,
        is_first: last.is_none(),
        position: outcome.position,
        is_shown: AtomicBool::new(false),
        taking: Mutex::default(),
    }))
}

#[cfg(test)]
mod tests {
    use domain::AccountId;

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_750_000_000 + seconds, 0).unwrap()
    }

    fn named(name: &str, issued_at: Option<f64>) -> Caller {
        Caller::member(AccountId::FIRST, "ann", Some(name), issued_at)
    }

    fn sight(name: &str, issued_at: Option<f64>) -> Sight {
        Sight {
            name: Some(name.to_owned()),
            role: Role::Member,
            issued_at,
            taken_at: at(0),
            is_first: false,
            position: Position::new(1),
            is_shown: true.into(),
            taking: Mutex::default(),
        }
    }

    #[test]
    fn a_name_is_taken_at_most_once_a_minute() {
        let (last, bea) = (sight("Ann", None), named("Bea", None));
        for (after_s, is_taken) in [(0, false), (59, false), (60, true), (-59, false), (-60, true)]
        {
            assert_eq!(last.gives_way_to(&bea, at(after_s)), is_taken, "{after_s}");
        }
        let newer = named("Bea", Some(100.5));
        assert!(!sight("Ann", Some(100.0)).gives_way_to(&newer, at(59)));
        assert!(sight("Ann", Some(100.0)).gives_way_to(&newer, at(60)));
        let first = Sight { is_first: true, ..last };
        assert!(first.gives_way_to(&bea, at(0)), "what was found at the first sight is no change");
    }

    #[test]
    fn a_name_is_taken_only_from_a_newer_token() {
        let last = sight("Ann", Some(100.0));
        for (issued_at, is_taken) in [(99.0, false), (100.5, true)] {
            for after_s in [60, 3600] {
                let bea = named("Bea", Some(issued_at));
                assert_eq!(last.gives_way_to(&bea, at(after_s)), is_taken, "{issued_at}");
            }
        }
        let same = named("Ann", Some(100.0));
        assert!(!last.gives_way_to(&same, at(599)));
        assert!(
            last.gives_way_to(&same, at(600)),
            "another node may have taken an older one since"
        );
        assert!(last.gives_way_to(&named("Ann", Some(101.0)), at(60)), "it may have changed since");
    }

    #[test]
    fn a_token_without_a_time_is_taken_when_it_says_something_else_or_after_a_while() {
        let last = sight("Ann", None);
        let nameless = Caller::member(AccountId::FIRST, "ann", None, None);
        for caller in [named("Ann", None), nameless] {
            assert!(!last.gives_way_to(&caller, at(599)));
            assert!(last.gives_way_to(&caller, at(600)));
        }
        let mut agent = named("Ann", None);
        agent.role = Role::Agent;
        assert!(last.gives_way_to(&agent, at(60)));
    }
}
