use axum::http::StatusCode;
use projections::{Share, Shares};
use uuid::Uuid;

use crate::caller::Caller;
use crate::failure::Failure;

/// How many requests may be under way at once, so that nobody's keep everybody else's waiting.
#[derive(Debug, Clone)]
pub struct Fair {
    callers: Shares<Uuid>,
    accounts: Shares<i64>,
}

/// The place of a request among those that are under way, until it is dropped.
pub(crate) struct Place {
    _of_account: Share<i64>,
    _of_caller: Option<Share<Uuid>>,
}

/// Of whom too many requests are under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Crowded {
    Caller,
    Account,
}

impl From<Crowded> for Failure {
    fn from(of: Crowded) -> Self {
        let why = match of {
            Crowded::Caller => "too many of your requests are under way; try again later",
            Crowded::Account => "too many requests of your account are under way; try again later",
        };
        Self::new(StatusCode::TOO_MANY_REQUESTS, why)
    }
}

impl Fair {
    /// So many of one user, and so many of one account.
    pub fn new(of_user_max: usize, of_account_max: usize) -> Self {
        Self { callers: Shares::new(of_user_max), accounts: Shares::new(of_account_max) }
    }

    /// A service token speaks for the host system, which has all of the account's requests to itself.
    pub(crate) fn admit(&self, caller: &Caller) -> Result<Place, Crowded> {
        let of_caller = match caller.user() {
            Some(user) => Some(self.callers.try_take(user).ok_or(Crowded::Caller)?),
            None => None,
        };
        let of_account = self.accounts.try_take(caller.account).ok_or(Crowded::Account)?;
        Ok(Place { _of_account: of_account, _of_caller: of_caller })
    }
}
