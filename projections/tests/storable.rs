//! What the domain accepts can be recorded, projected and read back as it was: values at every
//! edge, in every field of every command, through a real database.

use chrono::SubsecRound;
use domain::contact::{self, Contact};
use domain::conversation::support::{CreateSupport, Opening, Status, SupportCommand};
use domain::conversation::{Command, Conversation, Create, Kind};
use domain::participation::{ChangeCommand, Reading};
use domain::user::{self, Profile};
use domain::{AccountId, ContactId, ConversationId, Private, PublicId, Text};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::desk_world::{self, Office, incoming, opening};
use super::edges::Edges;
use super::world::World;
use crate::views::Viewer;

/// Everything that was accepted is there as it was said, and no read model has stopped.
#[tokio::test(flavor = "multi_thread")]
async fn messages_are_read_back_as_they_were_accepted() {
    let (mut world, mut edges) = (World::new().await, Edges(StdRng::seed_from_u64(1)));
    let ann = world.register("ann").await;
    let room = world.room(&[ann]).await;
    let mut accepted = Vec::new();
    let mut refused = 0;
    for n in 0..400 {
        let text: Text = edges.text(if n % 20 == 0 { 150_000 } else { 60 }).into();
        let (metadata, tags) = (edges.metadata(), edges.tags());
        let (message, author) = (Uuid::now_v7().into(), ann);
        let said = (text.clone(), metadata.clone(), tags.clone());
        let command = Command::PostMessage { message, author, text, metadata, tags };
        if world.tell(room, command).await {
            accepted.push((world.account_position().await, said));
        } else {
            refused += 1;
        }
    }
    assert!(accepted.len() > 50 && refused > 50, "{} and {refused}", accepted.len());
    let views = world.project().await;
    for (id, (text, metadata, tags)) in accepted {
        let message = views.message(AccountId::FIRST, id.into()).await.unwrap().unwrap().message;
        assert_eq!(message.text, text.as_str());
        assert_eq!(message.metadata, metadata.map(Value::Object));
        assert_eq!(message.tags, tags);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn conversations_are_read_back_as_they_were_accepted() {
    let (mut world, mut edges) = (World::new().await, Edges(StdRng::seed_from_u64(2)));
    let ann = world.register("ann").await;
    let mut accepted = Vec::new();
    for n in 0..300 {
        let id = ConversationId::new(Uuid::now_v7());
        let create = Create {
            kind: Kind::Contextual,
            creator: Some(ann),
            members: vec![ann],
            uid: Some(format!("{n}{}", edges.text(200))),
            name: edges.optional(256),
            description: edges.optional(512),
            metadata: edges.metadata(),
            tags: edges.tags(),
        };
        if world.tell(id, Command::CreateConversation(create.clone())).await {
            let avatar_url = edges.optional(2048);
            let change = Command::ChangeAvatar { avatar_url: avatar_url.clone() };
            let avatar_url = if world.tell(id, change).await { avatar_url } else { None };
            let metadata = edges.metadata();
            let change = Command::ChangeMetadata { metadata: metadata.clone() };
            let is_changed = world.tell(id, change).await;
            let metadata = if is_changed { metadata } else { create.metadata.clone() };
            let create = Create { metadata, ..create };
            accepted.push((id, create, avatar_url));
        }
    }
    assert!(accepted.len() > 50, "{}", accepted.len());
    let views = world.project().await;
    let shown = |text: Option<Text>| {
        text.filter(|text| !text.is_blank()).map(|text| text.as_str().to_owned())
    };
    for (id, create, avatar_url) in accepted {
        let view =
            views.view(AccountId::FIRST, Viewer::User(ann), id, false).await.unwrap().unwrap();
        let found = &view.conversation;
        assert_eq!((&found.uid, &found.name), (&create.uid, &shown(create.name)));
        assert_eq!(found.description, shown(create.description));
        assert_eq!(found.metadata, create.metadata.map(Value::Object));
        assert_eq!(found.tags, create.tags);
        assert_eq!(found.avatar_url, shown(avatar_url));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_read_back_as_they_were_accepted() {
    let (mut world, mut edges) = (World::new().await, Edges(StdRng::seed_from_u64(3)));
    let mut accepted = Vec::new();
    for n in 0..300 {
        let uid = format!("{n}{}", edges.text(253));
        let profile = Profile {
            name: edges.optional(256),
            username: edges.optional(256),
            email: edges.optional(320),
            avatar_url: edges.optional(2048),
            role: None,
            metadata: edges.metadata().map(Private::from),
            tags: Some(edges.tags().into()),
        };
        let command = user::Command::RegisterUser { uid: uid.clone(), profile: profile.clone() };
        if world.register_as(&uid, command).await {
            accepted.push((uid, profile));
        }
    }
    assert!(accepted.len() > 25, "{}", accepted.len());
    let views = world.project().await;
    let shown = |text: Option<Text>| text.map(|text| text.as_str().to_owned());
    for (uid, profile) in accepted {
        let found = views.user_by_uid(AccountId::FIRST, &uid).await.unwrap().unwrap();
        assert_eq!(found.name, shown(profile.name));
        assert_eq!(found.username, shown(profile.username));
        assert_eq!(found.email, shown(profile.email));
        assert_eq!(found.avatar_url, shown(profile.avatar_url));
        let metadata = profile.metadata.and_then(|metadata| metadata.reveal().cloned());
        assert_eq!(found.metadata, metadata.map(Value::Object));
        assert_eq!(found.tags, profile.tags.unwrap().as_slice());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn times_are_read_back_as_they_were_accepted() {
    let (mut world, mut edges) = (World::new().await, Edges(StdRng::seed_from_u64(4)));
    let ann = world.register("ann").await;
    let (mut accepted, mut refused) = (Vec::new(), 0);
    for _ in 0..60 {
        let room = world.room(&[ann]).await;
        let (at, until, as_of) = (edges.time(), edges.time(), edges.time());
        let archive = ChangeCommand::ArchiveConversation { at };
        let mute = ChangeCommand::MuteConversation { until: Some(until) };
        let reading = Reading::UpTo(PublicId::NONE);
        let open = ChangeCommand::OpenConversation { reading, as_of: Some(as_of) };
        let mut found = Vec::new();
        for (change, time) in [(archive, at), (mute, until), (open, as_of)] {
            let kept = world.change(room, ann, change).await;
            refused += u32::from(!kept);
            found.push(kept.then(|| time.trunc_subsecs(6)));
        }
        accepted.push((room, found));
    }
    assert!(refused > 20, "{refused}");
    let views = world.project().await;
    for (room, expected) in accepted {
        let (_, state) = views.member_state(ann, room).await.unwrap().unwrap();
        assert_eq!([state.archived_at, state.muted_until, state.opened_at], expected[..]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_and_what_is_said_to_them_are_read_back_as_they_were_accepted() {
    let (office, mut edges) = (Office::open(5).await, Edges(StdRng::seed_from_u64(5)));
    let (mut contacts, mut said) = (Vec::new(), Vec::new());
    for _ in 0..150 {
        let id = ContactId::new(Uuid::now_v7());
        let profile = contact::Profile {
            name: edges.optional(256),
            email: edges.optional(320),
            phone_number: edges.optional(256),
            identifier: edges.optional(256),
            additional_attributes: edges.metadata().map(Private::from),
            custom_attributes: edges.metadata().map(Private::from),
        };
        let command = contact::Command::CreateContact { profile: profile.clone() };
        if office.world.ask::<Contact>(id, command).await {
            contacts.push((office.world.account_position().await, profile));
        }
        let (inbox, source_id) = (office.inboxes[0], edges.text(256));
        let link = domain::contact_link_id(AccountId::FIRST, inbox, &source_id);
        let opening = opening(inbox, office.links[0].0, link);
        let (source_id, labels) = (Text::from(source_id), edges.tags());
        let create = CreateSupport {
            creator: None,
            opening: Opening {
                status: Status::Snoozed,
                snoozed_until: Some(edges.time()),
                ..opening
            },
            source_id: source_id.clone(),
            additional_attributes: edges.metadata().unwrap_or_default(),
            custom_attributes: edges.metadata().unwrap_or_default(),
        };
        let conversation = ConversationId::new(Uuid::now_v7());
        let command = Command::CreateSupport(Box::new(create.clone()));
        if !office.world.ask::<Conversation>(conversation, command).await {
            continue;
        }
        let labelled = office.tell(conversation, SupportCommand::ReplaceLabels { labels }).await;
        let mut message = incoming(office.links[0].0, &edges.text(60));
        message.content_attributes = edges.metadata().unwrap_or_default();
        message.source_id = edges.optional(256);
        message.remark.echo_id = Some(edges.text(256));
        let posted = office.tell(conversation, desk_world::said(message.clone())).await;
        said.push((conversation, create, posted.then_some(message), labelled));
    }
    assert!(contacts.len() > 10 && said.len() > 10, "{} and {}", contacts.len(), said.len());
    assert!(said.iter().any(|(.., message, _)| message.is_some()), "a message is put to the test");
    let views = office.world.project().await;
    let shown = |text: Option<Text>| {
        text.filter(|text| !text.is_blank()).map(|text| text.as_str().to_owned())
    };
    let map = |map: Option<Private<Map<String, Value>>>| {
        map.and_then(|map| map.reveal().cloned()).unwrap_or_default()
    };
    for (number, profile) in contacts {
        let found = views.support_contact(AccountId::FIRST, number.into()).await.unwrap().unwrap();
        assert_eq!(found.name, shown(profile.name).unwrap_or_default());
        assert_eq!(found.email, shown(profile.email));
        assert_eq!(found.phone_number, shown(profile.phone_number));
        assert_eq!(found.identifier, shown(profile.identifier));
        assert_eq!(found.additional_attributes, map(profile.additional_attributes));
        assert_eq!(found.custom_attributes, map(profile.custom_attributes));
    }
    for (id, create, message, _) in said {
        let found = views.support_conversation_of(AccountId::FIRST, id).await.unwrap().unwrap();
        assert_eq!(found.source_id, create.source_id.as_str());
        assert_eq!(found.additional_attributes, create.additional_attributes);
        assert_eq!(found.custom_attributes, create.custom_attributes);
        let last = found.last_message.as_ref();
        assert_eq!(last.map(|m| &*m.text), message.as_ref().map(|m| m.text.as_str()));
        let (Some(last), Some(message)) = (last, message) else { continue };
        assert_eq!(last.content_attributes, message.content_attributes);
        assert_eq!(last.source_id, message.source_id.map(|text| text.as_str().to_owned()));
        assert_eq!(last.echo_id, message.remark.echo_id);
    }
}
