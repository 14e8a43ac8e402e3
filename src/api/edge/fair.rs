use std::time::Duration;

use axum::http::StatusCode;
use domain::{AccountId, UserId};
use projections::{Share, Shares};

use super::caller::Caller;
use super::failure::Failure;

/// Bytes of large request bodies in memory at once, over all accounts; one account may hold half.
const BODIES_SIZE_MAX: usize = 128 * 1024 * 1024;
/// Bodies of up to this many bytes are not counted.
const SMALL_BODY_SIZE_MAX: usize = 64 * 1024;
/// How long a request with a larger body waits for room.
const ROOM_WAIT: Duration = Duration::from_secs(5);

/// Limits on concurrent requests, so that no user or account can starve the others.
#[derive(Debug, Clone)]
pub struct Fair {
    callers: Shares<UserId>,
    accounts: Shares<AccountId>,
    bodies: Shares<AccountId>,
    body_size_max: usize,
}

/// The slot of a request in progress, released when dropped.
pub(crate) struct Place {
    _of_account: Share<AccountId>,
    _of_caller: Option<Share<UserId>>,
    _room: Option<Share<AccountId>>,
}

impl Place {
    /// Waits for room for a body of so many bytes, which is held until the request is answered. A
    /// body of unknown length counts as the largest allowed.
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
    /// Limits on concurrent requests per user and per account, and the largest body in bytes.
    pub fn new(of_user_max: usize, of_account_max: usize, body_size_max: usize) -> Self {
        Self {
            callers: Shares::new(of_user_max),
            accounts: Shares::new(of_account_max),
            bodies: Shares::halves(BODIES_SIZE_MAX),
            body_size_max,
        }
    }

    /// A service token speaks for the host system, which is limited by the account's share alone.
    pub(crate) fn admit(&self, caller: &Caller) -> Result<Place, Crowded> {
        let of_caller = match caller.user() {
            Some(user) => Some(self.callers.try_take(user).ok_or(Crowded::Caller)?),
            None => None,
        };
        let of_account = self.accounts.try_take(caller.account).ok_or(Crowded::Account)?;
        Ok(Place { _of_account: of_account, _of_caller: of_caller, _room: None })
    }
}
