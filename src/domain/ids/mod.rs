//! Ids and log positions, each with a type of its own, so that a swapped pair does not compile.
//!
//! ```compile_fail,E0308
//! # use domain::{ConversationId, UserId, participation_id};
//! # let conversation = ConversationId::new(uuid::Uuid::nil());
//! # let user = UserId::new(uuid::Uuid::nil());
//! participation_id(user, conversation);
//! ```
//!
//! ```compile_fail,E0308
//! # use domain::{AccountPosition, Position};
//! fn wait_for(_: Position) {}
//! wait_for(AccountPosition::new(7));
//! ```
//!
//! Where an object has a natural key, its stream id is derived from the key: two callers who mean
//! the same object write to the same stream, so get-or-create needs no lock and cannot race. The
//! event store holds streams of all aggregates, so it keeps their ids, and those of events, as
//! plain UUIDs.

mod derived;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub(crate) use derived::contact_claim_id;
pub use derived::{
    audit_id, contact_link_id, contextual_chat_id, participation_id, private_chat_id, teams_id,
    user_id,
};

/// Declares a newtype around a UUID or a number that is serialized, stored and displayed like its
/// inner value. There is no `Deref`: the inner value is taken explicitly, with `get`.
macro_rules! id {
    ($(#[$meta:meta])* $name:ident($inner:ty)) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name($inner);

        impl $name {
            /// Wraps an inner value.
            pub const fn new(inner: $inner) -> Self {
                Self(inner)
            }

            /// The inner value.
            pub const fn get(self) -> $inner {
                self.0
            }
        }

        impl From<$inner> for $name {
            fn from(inner: $inner) -> Self {
                Self(inner)
            }
        }

        impl From<$name> for $inner {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = <$inner as FromStr>::Err;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        #[cfg(feature = "sqlx")]
        $crate::sql::stored_as!($name, $inner);

        #[cfg(test)]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                <$inner>::schema_name()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                <$inner>::json_schema(generator)
            }
        }
    };
}

id!(
    /// A tenant.
    AccountId(i64)
);
id!(
    /// A conversation, and its stream.
    ConversationId(Uuid)
);
id!(
    /// A user of the host system, and the stream of their entry in the directory.
    UserId(Uuid)
);
id!(
    /// A message.
    MessageId(Uuid)
);
id!(
    /// The stream of one member's own state in one conversation.
    ParticipationId(Uuid)
);
id!(
    /// The stream that records who read the audit trail of a conversation.
    AuditId(Uuid)
);
id!(
    /// An inbox: a channel through which support conversations come.
    InboxId(Uuid)
);
id!(
    /// A contact: an external person whom agents support.
    ContactId(Uuid)
);
id!(
    /// The link of a source id in one inbox to its contact, and its stream.
    ContactLinkId(Uuid)
);
id!(
    /// The stream of the claim on an e-mail address, a phone number or an identifier.
    ContactClaimId(Uuid)
);
id!(
    /// A team of agents.
    TeamId(Uuid)
);
id!(
    /// The stream of all teams of an account.
    TeamsId(Uuid)
);
id!(
    /// An event's number in the log: 1, 2, 3 … over all accounts, in commit order.
    #[derive(Default)]
    Position(i64)
);
id!(
    /// An event's number within its account: 1, 2, 3 … The header `Colloquy-Position` holds one:
    /// how many events of the account a response reflects.
    #[derive(Default)]
    AccountPosition(i64)
);
id!(
    /// One of a user's memberships of a conversation: the account position of the event that let
    /// them in.
    #[derive(Default)]
    MembershipId(i64)
);
id!(
    /// The number by which callers know a conversation, a message or a user: the account position
    /// of the event that made it.
    #[derive(Default)]
    PublicId(i64)
);

impl UserId {
    /// Stands for all agents of a support conversation: the participation of this user holds the
    /// read marker and the mute that they share.
    pub const AGENTS: Self = Self(Uuid::nil());
    /// Stands for the assignee of a support conversation, so that the read marker stays when the
    /// assignee changes.
    pub const ASSIGNEE: Self = Self(Uuid::from_u128(1));

    /// Whether it stands for a role rather than a user of the host system.
    pub fn is_role(self) -> bool {
        self == Self::AGENTS || self == Self::ASSIGNEE
    }
}

impl AccountId {
    /// The default account, used where none is named.
    pub const FIRST: Self = Self(1);
}

impl Position {
    /// Not known yet.
    pub const UNKNOWN: Self = Self(-1);
    /// Before the first event.
    pub const START: Self = Self(0);
    /// After every event.
    pub const END: Self = Self(i64::MAX);

    /// The next position.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl std::ops::Add<i64> for Position {
    type Output = Self;

    fn add(self, events: i64) -> Self {
        Self(self.0 + events)
    }
}

impl std::ops::Sub<i64> for Position {
    type Output = Self;

    fn sub(self, events: i64) -> Self {
        Self(self.0 - events)
    }
}

/// How many events there are between two positions.
impl std::ops::Sub for Position {
    type Output = i64;

    fn sub(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }
}

impl PublicId {
    /// No object has this number; it is before every other.
    pub const NONE: Self = Self(0);
    /// After every other.
    pub const MAX: Self = Self(i64::MAX);
}

impl AccountPosition {
    /// Before the first event.
    pub const START: Self = Self(0);
    /// After every event.
    pub const END: Self = Self(i64::MAX);
}

impl std::ops::Add<i64> for AccountPosition {
    type Output = Self;

    fn add(self, events: i64) -> Self {
        Self(self.0.saturating_add(events))
    }
}

impl From<AccountPosition> for PublicId {
    fn from(made: AccountPosition) -> Self {
        Self(made.0)
    }
}

impl From<AccountPosition> for MembershipId {
    fn from(let_in: AccountPosition) -> Self {
        Self(let_in.0)
    }
}
