//! Every version of every event that was ever released stays readable: `golden/` holds a sample of each,
//! named `<EventType>.<version>.json`.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use crate::{ConversationId, MembershipId, PublicId};
use cqrs_es::DomainEvent;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::conversation::Kind;
use crate::participation::{Change, Membership};
use crate::user::Profile;
use crate::*;

const ANN: UserId = UserId::new(Uuid::from_u128(0xa));
const BOB: UserId = UserId::new(Uuid::from_u128(0xb));
const MESSAGE: MessageId = MessageId::new(Uuid::from_u128(0xc));

fn map() -> Private<Map<String, Value>> {
    Private::Known(Map::from_iter([("order".to_owned(), json!(7))]))
}

fn tags() -> Private<Vec<String>> {
    vec!["urgent".to_owned()].into()
}

fn conversation_events() -> Vec<conversation::Event> {
    use conversation::Event::*;
    vec![
        ConversationCreated {
            kind: Kind::Contextual,
            creator: Some(ANN),
            members: vec![ANN, BOB],
            uid: Some("order-7".to_owned()),
            name: Some("Team".into()),
            description: Some("About the order".into()),
            metadata: Some(map()),
            tags: tags(),
        },
        ConversationRenamed { name: Some("Team".into()) },
        ConversationDescribed { description: Some("About the order".into()) },
        ConversationTagged { tags: tags() },
        MetadataChanged { metadata: Some(map()) },
        AvatarChanged { avatar_url: Some("https://host.example/team.png".into()) },
        MessagePinned { message: MESSAGE },
        MessageUnpinned,
        ConversationTrashed,
        ConversationRestored,
        ConversationDeleted,
        MemberAdded { user: BOB },
        MemberRemoved { user: BOB },
        MessagePosted {
            message: MESSAGE,
            author: ANN,
            text: "Hello".into(),
            metadata: Some(map()),
            tags: tags(),
        },
        MessageEdited {
            message: MESSAGE,
            author: ANN,
            text: "Hello, Bob".into(),
            metadata: Some(map()),
            tags: tags(),
        },
        MessageDeleted { message: MESSAGE },
    ]
}

fn participation_events() -> Vec<participation::Event> {
    let time = "2026-01-01T09:00:00Z".parse().unwrap();
    let membership = Membership {
        conversation: ConversationId::new(Uuid::from_u128(0xd)),
        user: ANN,
        id: MembershipId::new(3),
    };
    [
        Change::MarkedRead { message: Some(PublicId::new(7)), as_of: None },
        Change::MarkedUnread,
        Change::ConversationPinned,
        Change::ConversationUnpinned,
        Change::ConversationMuted { until: Some(time) },
        Change::ConversationUnmuted,
        Change::ConversationArchived { at: time },
        Change::ConversationUnarchived,
        Change::ConversationStarred,
        Change::ConversationUnstarred,
        Change::Subscribed,
        Change::Unsubscribed,
    ]
    .map(|change| participation::Event { membership, change })
    .into()
}

fn user_events() -> Vec<user::Event> {
    let profile = Profile {
        name: Some("Ann".into()),
        username: Some("ann".into()),
        email: Some("ann@host.example".into()),
        avatar_url: Some("https://host.example/ann.png".into()),
        role: Some("member".to_owned()),
        metadata: Some(map()),
        tags: Some(tags()),
    };
    vec![
        user::Event::UserRegistered {
            uid: "ann".to_owned(),
            profile: profile.clone(),
            token_issued_at: None,
        },
        user::Event::UserUpdated {
            profile,
            token_issued_at: Some("2026-01-01T09:00:00.250Z".parse().unwrap()),
        },
        user::Event::TokensRevoked { issued_until: "2026-01-01T09:00:00.250Z".parse().unwrap() },
    ]
}

fn audit_events() -> Vec<audit::Event> {
    vec![audit::Event::AuditTrailRead {
        conversation: ConversationId::new(Uuid::from_u128(0xd)),
        part: audit::Part::Events,
    }]
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden")
}

/// An event of today's shape is written as its golden file says, and read back as itself.
fn check<E: DomainEvent + Serialize + DeserializeOwned>(
    events: Vec<E>,
    seen: &mut BTreeSet<String>,
) {
    for event in events {
        let name = format!("{}.{}.json", event.event_type(), event.event_version());
        let written = serde_json::to_string_pretty(&event).unwrap() + "\n";
        let golden = fs::read_to_string(folder().join(&name)).unwrap_or_default();
        assert_eq!(
            written, golden,
            "{name} has another shape: raise its version, add an upcaster and a sample"
        );
        assert_eq!(serde_json::from_str::<E>(&golden).unwrap(), event);
        seen.insert(event.event_type());
    }
}

#[test]
fn events_are_written_as_their_golden_files_say() {
    let mut seen = BTreeSet::new();
    check(conversation_events(), &mut seen);
    check(participation_events(), &mut seen);
    check(user_events(), &mut seen);
    check(audit_events(), &mut seen);
    // An event that has no sample above would be missed: the sources name them all.
    let sources = [
        include_str!("conversation/event.rs"),
        include_str!("participation/event.rs"),
        include_str!("user/event.rs"),
        include_str!("audit/event.rs"),
    ];
    let named: BTreeSet<String> = sources
        .iter()
        .flat_map(|source| source.lines())
        .filter_map(|line| line.split_once("=> \"")?.1.split_once("\",").map(|(name, _)| name))
        .filter(|name| name.starts_with(char::is_uppercase))
        .map(str::to_owned)
        .collect();
    assert_eq!(seen, named);
}

#[test]
fn events_of_every_released_version_can_be_read() {
    let mut versions = 0;
    for file in fs::read_dir(folder()).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let (event_type, version) = name.split_once('.').unwrap();
        let stored = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let payload = upcast(event_type, version, stored);
        let today = |events: Vec<Value>| {
            let same_type = |event: &Value| event["type"] == event_type;
            let sample = events.into_iter().find(same_type);
            sample.map(|sample| assert_eq!(payload, sample, "{name}")).is_some()
        };
        let all = [
            conversation_events().iter().map(json_of).collect(),
            participation_events().iter().map(json_of).collect(),
            user_events().iter().map(json_of).collect(),
            audit_events().iter().map(json_of).collect(),
        ];
        assert_eq!(all.into_iter().filter(|events: &Vec<Value>| today(events.clone())).count(), 1);
        versions += 1;
    }
    assert!(versions > 27, "{versions} golden files");
}

fn json_of(event: &impl Serialize) -> Value {
    serde_json::to_value(event).unwrap()
}
