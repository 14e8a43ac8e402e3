//! A test aggregate: purses of coins, which can be moved from one stream to another.

use domain::{Decider, StoredEvent};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Purse {
    pub(super) coins: i64,
}

#[derive(Debug, Clone)]
pub(super) enum Command {
    Put(i64),
    Take(i64),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Changed {
    by: i64,
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("there are {0} coins")]
pub(super) struct TooFew(pub(super) i64);

impl StoredEvent for Changed {
    fn event_type(&self) -> &'static str {
        "Changed"
    }
}

impl Decider for Purse {
    const TYPE: &'static str = "purse";
    const STATE_SCHEMA: i32 = 1;
    type Id = Uuid;
    type Command = Command;
    type Event = Changed;
    type Refusal = TooFew;

    fn decide(&self, command: Command) -> Result<Vec<Changed>, TooFew> {
        let by = match command {
            Command::Put(coins) => coins,
            Command::Take(coins) if coins > self.coins => return Err(TooFew(self.coins)),
            Command::Take(coins) => -coins,
        };
        Ok((by != 0).then_some(Changed { by }).into_iter().collect())
    }

    fn evolve(&mut self, event: &Changed) {
        self.coins += event.by;
    }

    fn name(command: &Command) -> &'static str {
        match command {
            Command::Put(_) => "Put",
            Command::Take(_) => "Take",
        }
    }
}
