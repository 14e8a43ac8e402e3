//! An event of each type, as its golden file has it.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::conversation::Kind;
use crate::conversation::support::{
    ContentType, Direction, Opening, Priority, Remark, Sender, Status,
};
use crate::participation::{Change, Membership};
use crate::user::Profile;
use crate::*;

const ANN: UserId = UserId::new(Uuid::from_u128(0xa));
const BOB: UserId = UserId::new(Uuid::from_u128(0xb));
const CONTACT: ContactId = ContactId::new(Uuid::from_u128(0x11));
const TEAM: TeamId = TeamId::new(Uuid::from_u128(0x13));
const MESSAGE: MessageId = MessageId::new(Uuid::from_u128(0xc));

pub(crate) fn map() -> Private<Map<String, Value>> {
    Private::Known(Map::from_iter([("order".to_owned(), json!(7))]))
}

pub(crate) fn tags() -> Private<Vec<String>> {
    vec!["urgent".to_owned()].into()
}

pub(crate) fn conversation_events() -> Vec<conversation::Event> {
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
            support: Some(Opening {
                inbox: InboxId::new(Uuid::from_u128(0x10)),
                contact: CONTACT,
                link: ContactLinkId::new(Uuid::from_u128(0x12)),
                status: Status::Snoozed,
                snoozed_until: Some("2026-01-01T09:00:00Z".parse().unwrap()),
                priority: Some(Priority::High),
                assignee: Some(ANN),
                team: Some(TEAM),
            }),
            source_id: Some("src-1".into()),
            additional_attributes: Some(map()),
            custom_attributes: Some(map()),
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
            author: Some(ANN),
            text: "Hello".into(),
            metadata: Some(map()),
            tags: tags(),
            support: Some(Remark {
                direction: Direction::Incoming,
                sender: Sender::Contact,
                contact: Some(CONTACT),
                private: true,
                content_type: ContentType::Text,
                echo_id: Some("echo-1".to_owned()),
            }),
            content_attributes: Some(map()),
            source_id: Some("channel-1".into()),
        },
        MessageEdited {
            message: MESSAGE,
            author: ANN,
            text: "Hello, Bob".into(),
            metadata: Some(map()),
            tags: tags(),
        },
        MessageDeleted { message: MESSAGE },
        StatusChanged { status: Status::Open },
        ConversationSnoozed { until: Some("2026-01-01T09:00:00Z".parse().unwrap()) },
        PriorityChanged { priority: Some(Priority::Urgent) },
        AgentAssigned { agent: Some(BOB) },
        TeamAssigned { team: Some(TEAM) },
        LabelsReplaced { labels: tags() },
        CustomAttributesReplaced { custom_attributes: map() },
    ]
}

pub(crate) fn participation_events() -> Vec<participation::Event> {
    let time = "2026-01-01T09:00:00Z".parse().unwrap();
    let membership = Membership {
        conversation: ConversationId::new(Uuid::from_u128(0xd)),
        user: ANN,
        id: MembershipId::new(3),
    };
    [
        Change::MarkedRead { message: Some(PublicId::new(7)), as_of: None },
        Change::MarkedUnread { as_of: Some(time) },
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

pub(crate) fn user_events() -> Vec<user::Event> {
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

pub(crate) fn audit_events() -> Vec<audit::Event> {
    vec![audit::Event::AuditTrailRead {
        conversation: ConversationId::new(Uuid::from_u128(0xd)),
        part: audit::Part::Events,
    }]
}

pub(crate) fn contact_events() -> Vec<contact::Event> {
    let profile = contact::Profile {
        name: Some("Cleo".into()),
        email: Some("cleo@host.example".into()),
        phone_number: Some("+4712345678".into()),
        identifier: Some("customer-7".into()),
        additional_attributes: Some(map()),
        custom_attributes: Some(map()),
    };
    vec![
        contact::Event::ContactCreated { profile: profile.clone() },
        contact::Event::ContactUpdated { profile },
    ]
}

pub(crate) fn contact_claim_events() -> Vec<contact_claim::Event> {
    use contact_claim::Event::*;
    vec![ContactClaimed { contact: CONTACT }, ContactClaimReleased { contact: CONTACT }]
}

pub(crate) fn contact_link_events() -> Vec<contact_link::Event> {
    use contact_link::Event::*;
    vec![
        ContactLinked {
            contact: CONTACT,
            inbox: InboxId::new(Uuid::from_u128(0x10)),
            source_id: "src-1".into(),
        },
        LinkedConversationChosen { linked: ConversationId::new(Uuid::from_u128(0xd)) },
    ]
}

pub(crate) fn inbox_events() -> Vec<inbox::Event> {
    use inbox::Event::*;
    let settings = inbox::Settings {
        name: Some("Help".into()),
        website_url: Some("https://host.example".into()),
        email: Some("help@host.example".into()),
        lock_to_single_conversation: Some(true),
        enable_auto_assignment: Some(false),
    };
    vec![
        InboxCreated { channel: inbox::Channel::WebWidget, settings: settings.clone() },
        InboxUpdated { settings },
        InboxMembersSet { members: vec![ANN, BOB] },
    ]
}

pub(crate) fn team_events() -> Vec<team::Event> {
    use team::Event::*;
    let settings = team::Settings {
        name: Some("billing".into()),
        description: Some("About invoices".into()),
        allow_auto_assign: Some(true),
    };
    vec![
        TeamCreated { team: TEAM, settings: settings.clone() },
        TeamUpdated { team: TEAM, settings },
        TeamDeleted { team: TEAM },
        TeamMembersSet { team: TEAM, members: vec![ANN, BOB] },
    ]
}
