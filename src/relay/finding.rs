use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};
use event_store::Position;

use crate::Settings;

/// Most bytes of an event on the wire, headers included: nothing larger is ever recorded.
pub const MESSAGE_BYTES_MAX: usize = 1024 * 1024;

/// A difference between stream and log, or a setting that the relay cannot work with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// Another program has written to the stream, or it belongs to another log.
    #[error("message {position} of the stream is not event {position} of the log")]
    Foreign { position: Position },
    /// The message has the event's id, but another content.
    #[error("message {position} of the stream does not say what event {position} of the log says")]
    Changed { position: Position },
    /// A message was deleted from the stream.
    #[error("message {position} is missing from the stream, but event {position} was not erased")]
    Missing { position: Position },
    /// Another program has written to the stream, or the database was restored to an earlier state.
    #[error("the stream is ahead of the log: it is at {last}, the log's head at {head}")]
    Ahead {
        /// The stream's last sequence.
        last: Position,
        /// The log's newest position.
        head: Position,
    },
    /// The first large event would stop publishing.
    #[error("max_payload of the NATS server is {max_payload} bytes, an event may take {needed}")]
    MaxPayload {
        /// The server's limit, in bytes.
        max_payload: usize,
        /// [`MESSAGE_BYTES_MAX`].
        needed: usize,
    },
    /// The stream was created or changed by another program.
    #[error("{setting} of the stream is {found}: {consequence}")]
    Setting {
        /// Its name in NATS.
        setting: &'static str,
        /// Its value.
        found: String,
        /// What follows from it.
        consequence: &'static str,
    },
    /// Erasures are refused, or not done yet.
    #[error("{count} erased messages are still in the stream, message {first} before the others")]
    NotErased {
        count: i64,
        /// The oldest one.
        first: Position,
    },
}

impl Finding {
    /// The position at which the stream begins to be wrong.
    pub(crate) fn position(&self) -> Option<Position> {
        match self {
            Self::Foreign { position }
            | Self::Changed { position }
            | Self::Missing { position } => Some(*position),
            Self::Ahead { head, .. } => Some(head.next()),
            Self::MaxPayload { .. } | Self::Setting { .. } | Self::NotErased { .. } => None,
        }
    }
}

/// Checks that the server accepts the largest event.
pub(crate) fn max_payload(max_payload: usize) -> Option<Finding> {
    (max_payload < MESSAGE_BYTES_MAX)
        .then_some(Finding::MaxPayload { max_payload, needed: MESSAGE_BYTES_MAX })
}

/// Settings with which events would not be published, kept or erased. Limits that drop the oldest
/// messages are up to the operator.
pub(crate) fn settings(config: &Config, wanted: &Settings) -> Vec<Finding> {
    let subjects = wanted.subjects();
    let too_small =
        config.max_message_size > 0 && (config.max_message_size as usize) < MESSAGE_BYTES_MAX;
    let others = config.mirror.is_some() || config.sources.is_some();
    let keeps_none = "messages are dropped from between others, so that a loss is not noticed";
    let checks = [
        (
            "subjects",
            format!("{:?}", config.subjects),
            config.subjects != [subjects],
            "it must hold the events' subjects and nothing else",
        ),
        (
            "storage",
            format!("{:?}", config.storage),
            config.storage != StorageType::File,
            "a restart of the server loses it, and it is published again",
        ),
        (
            "retention",
            format!("{:?}", config.retention),
            config.retention != RetentionPolicy::Limits,
            keeps_none,
        ),
        (
            "max_msgs_per_subject",
            config.max_messages_per_subject.to_string(),
            config.max_messages_per_subject > 0,
            keeps_none,
        ),
        (
            "max_msg_size",
            config.max_message_size.to_string(),
            too_small,
            "an event may be larger, and would stop publishing",
        ),
        (
            "discard",
            format!("{:?}", config.discard),
            config.discard != DiscardPolicy::Old,
            "publishing stops when a limit is reached",
        ),
        ("sealed", "true".to_owned(), config.sealed, "nothing can be published or erased"),
        ("no_ack", "true".to_owned(), config.no_ack, "nothing published is acknowledged"),
        ("deny_delete", "true".to_owned(), config.deny_delete, "what is erased stays in it"),
        (
            "mirror or sources",
            "set".to_owned(),
            others,
            "messages of other streams take the numbers of events",
        ),
    ];
    checks
        .into_iter()
        .filter(|(_, _, wrong, _)| *wrong)
        .map(|(setting, found, _, consequence)| Finding::Setting { setting, found, consequence })
        .collect()
}

/// Whether the stream drops only its oldest messages, so that one missing among the others was
/// deleted.
pub(crate) fn keeps_all_between(config: &Config) -> bool {
    config.retention == RetentionPolicy::Limits && config.max_messages_per_subject <= 0
}
