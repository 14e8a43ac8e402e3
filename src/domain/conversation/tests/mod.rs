mod details;
mod life;
mod members;
mod messages;
mod permission;
mod random;
mod support;

use cqrs_es::test::TestFramework;
use uuid::Uuid;

use super::*;
use crate::limits::Excess;
use crate::{Private, Text, UserId};

const ANN: UserId = UserId::new(Uuid::from_u128(1));
const BOB: UserId = UserId::new(Uuid::from_u128(2));
const EVE: UserId = UserId::new(Uuid::from_u128(3));
const MESSAGE: MessageId = MessageId::new(Uuid::from_u128(9));

fn create(kind: Kind, members: &[UserId]) -> Command {
    Command::CreateConversation(Create {
        kind,
        creator: Some(ANN),
        members: members.to_vec(),
        uid: (kind == Kind::Contextual).then(|| "doc".to_owned()),
        name: None,
        description: None,
        metadata: None,
        tags: vec![],
    })
}

fn created(kind: Kind, members: &[UserId]) -> Event {
    Event::ConversationCreated {
        kind,
        creator: Some(ANN),
        members: members.to_vec(),
        uid: (kind == Kind::Contextual).then(|| "doc".to_owned()),
        name: None,
        description: None,
        metadata: None,
        tags: Private::default(),
        support: None,
        source_id: None,
        additional_attributes: None,
        custom_attributes: None,
    }
}

fn post(author: UserId, text: &str) -> Command {
    Command::PostMessage {
        message: MESSAGE,
        author,
        text: text.into(),
        metadata: None,
        tags: vec![],
    }
}

fn given(events: Vec<Event>) -> cqrs_es::test::AggregateTestExecutor<Conversation> {
    TestFramework::<Conversation>::with(()).given(events)
}

fn room() -> Event {
    created(Kind::Room, &[ANN, BOB])
}

fn posted(text: &str) -> Event {
    Event::MessagePosted {
        message: MESSAGE,
        author: Some(ANN),
        text: text.into(),
        metadata: None,
        tags: Private::default(),
        support: None,
        content_attributes: None,
        source_id: None,
    }
}

fn edit(text: &str) -> Command {
    Command::EditMessage {
        message: MESSAGE,
        author: ANN,
        text: text.into(),
        metadata: None,
        tags: vec![],
    }
}
