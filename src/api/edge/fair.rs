use std::time::Duration;

use axum::http::StatusCode;
use domain::{AccountId, UserId};
use projections::{Share, Shares};

use super::caller::Caller;
use super::failure::Failure;

/// Bytes of large bodies at once, of which an account has half.
const BODIES_SIZE_MAX: usize = 128 * 1024 * 1024;
/// A body up to here needs no room.
const SMALL_BODY_SIZE_MAX: usize = 64 * 1024;
/// For room for a larger one.
const ROOM_WAIT: Duration = Duration::from_secs(5);

/// Limits on concurrent requests, so that no user or account can starve the others.
#[derive(Debug, Clone)]
pub struct Fair {
    callers: Shares<UserId>,
    accounts: Shares<AccountId>,
    bodies: Shares<AccountId>,
    body_size_max: usize,
}

/// The place of a request among those that are under way, until it is dropped.
pub(crate) struct Place {
    _of_account: Share<AccountId>,
    _of_caller: Option<Share<UserId>>,
    _room: Option<Share<AccountId>>,
}

impl Place {
    /// Waits for room for a body of so many bytes, which it has until the request is answered. One
    /// whose length is not known may be as long as any.
    pub(crate) async fn make_room(
        &mut self,
        fair: &Fair,
        caller: &Caller,
        body_size: Option<u64>,
    ) -> Result<(), Crowded> {
        let size = body_size.and_then(|size| usize::try_from(size).ok());
        let size = size.map_or(fair.body_size_max, |size| size.min(fair.body_size_max));
        if size > SMALL_BODY_SIZE_MAX {
            let room =
                fair.bodies.take_many(caller.account, u32::try_from(size).unwrap_or(u32::MAX));
            let room = tokio::time::timeout(ROOM_WAIT, room).await;
            self._room = Some(room.map_err(|_elapsed| Crowded::Bodies)?);
        }
        Ok(())
    }
}

/// Which limit was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Crowded {
    Caller,
    Account,
    Bodies,
}

impl From<Crowded> for Failure {
    fn from(of: Crowded) -> Self {
        let (status, why) = match of {
            Crowded::Caller => (
                StatusCode::TOO_MANY_REQUESTS,
                "too many of your requests are under way; try again later",
            ),
            Crowded::Account => (
                StatusCode::TOO_MANY_REQUESTS,
                "too many requests of your account are under way; try again later",
            ),
            Crowded::Bodies => (
                StatusCode::SERVICE_UNAVAILABLE,
                "too many large request bodies are under way; try again later",
            ),
        };
        Self::new(status, why)
    }
}

impl Fair {
    /// So many of one user, and so many of one account, with bodies of up to so many bytes.
    pub fn new(of_user_max: usize, of_account_max: usize, body_size_max: usize) -> Self {
        Self {
            callers: Shares::new(of_user_max),
            accounts: Shares::new(of_account_max),
            bodies: Shares::halves(BODIES_SIZE_MAX),
            body_size_max,
        }
    }

    /// A service token speaks for the host system, which has all of the account's requests to
    /// itself.
    pub(crate) fn admit(&self, caller: &Caller) -> Result<Place, Crowded> {
        let of_caller = match caller.user() {
            Some(user) => Some(self.callers.try_take(user).ok_or(Crowded::Caller)?),
            None => None,
        };
        let of_account = self.accounts.try_take(caller.account).ok_or(Crowded::Account)?;
        Ok(Place { _of_account: of_account, _of_caller: of_caller, _room: None })
    }
}
