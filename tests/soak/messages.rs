//! Posting, editing and deleting messages, each by its author.

use std::sync::Arc;

use rand::Rng;
use reqwest::Method;
use serde_json::{Value, json};

use crate::caller::expect_reason;
use crate::commands::{Kind, Outcome};
use crate::ledger::{Conversation, Dialect, Fate, Message, Standing, text};
use crate::reader;
use crate::session::{Ask, Session};

/// How many of a caller's newest messages may be edited and deleted.
const OWN_MAX: usize = 50;

/// A caller's own messages that are known to be posted, by their conversation and their place in
/// it.
#[derive(Default)]
pub struct OwnMessages(Vec<(Arc<Conversation>, usize)>);

impl OwnMessages {
    fn add(&mut self, conversation: &Arc<Conversation>, place: usize) {
        self.0.push((conversation.clone(), place));
        if self.0.len() > OWN_MAX {
            self.0.remove(0);
        }
    }
}

pub async fn post(
    session: &mut Session,
    own: &mut OwnMessages,
    conversation: &Arc<Conversation>,
    before: Standing,
) {
    let name = session.new_name();
    let text = text(&name, 0);
    let dialect = if session.one_in(2) { Dialect::Weavy } else { Dialect::Protocol };
    let ask = match dialect {
        Dialect::Weavy => {
            let path = format!("/api/apps/{}/messages", conversation.number);
            Ask::new(Method::POST, path).with(json!({ "text": text }))
        }
        Dialect::Protocol => Ask::new(Method::POST, "/v1/messages")
            .with(json!({ "conversation_id": conversation.id(), "message": text })),
    };
    let reply = session.command(Kind::Post, ask).await;
    expect_reason(session, conversation, before, &reply, "posting");
    if !reply.may_be_recorded() {
        return;
    }
    let mut message = Message {
        name,
        id: None,
        acknowledged_by: [None, None],
        newest: 0,
        sent: 0,
        fate: Fate::Kept,
        ended_by: [false, false],
    };
    if reply.is_acknowledged() {
        message.acknowledged_by[reply.answer.node] = Some(0);
        message.id = Some((dialect, id(&reply.answer.body)));
    }
    let place = {
        let mut state = conversation.state();
        state.messages.push(message);
        state.messages.len() - 1
    };
    if reply.is_acknowledged() {
        own.add(conversation, place);
        look_after(session, conversation, place, reply.answer.node).await;
    }
}

fn id(body: &Value) -> String {
    body["id"].as_str().map_or_else(|| body["id"].to_string(), str::to_owned)
}

/// The author must see what was acknowledged: on the same node at once, on the other one with the
/// position.
async fn look_after(session: &mut Session, conversation: &Conversation, place: usize, node: usize) {
    let user = session.user;
    match session.random.random_range(0..4) {
        0 | 1 => reader::look_at_message(session, conversation, place, user, node, false).await,
        2 => reader::look_at_message(session, conversation, place, user, 1 - node, true).await,
        _ => {}
    }
}

fn path(message: &Message) -> Option<String> {
    let (dialect, id) = message.id.as_ref()?;
    Some(match dialect {
        Dialect::Weavy => format!("/api/messages/{id}"),
        Dialect::Protocol => format!("/v1/messages/{id}"),
    })
}

pub async fn edit(session: &mut Session, own: &mut OwnMessages) {
    if own.0.is_empty() {
        return;
    }
    let (conversation, place) = own.0[session.random.random_range(0..own.0.len())].clone();
    let Some(before) = conversation.state().standing(session.user) else { return };
    let message = conversation.message(place);
    let Some(path) = path(&message).filter(|_| before.is_in) else { return };
    let version = message.sent + 1;
    conversation.change_message(place, |message| message.sent = version);
    let text = text(&message.name, version);
    let ask = match message.id {
        Some((Dialect::Weavy, _)) => Ask::new(Method::PATCH, path).with(json!({ "text": text })),
        _ => Ask::new(Method::PUT, path).with(json!({ "message": text })),
    };
    let reply = session.command(Kind::Edit, ask).await;
    expect_reason(session, &conversation, before, &reply, "editing");
    if reply.is_acknowledged() {
        let node = reply.answer.node;
        conversation.change_message(place, |message| {
            message.acknowledged_by[node] = Some(version);
            message.newest = version;
        });
        look_after(session, &conversation, place, node).await;
    }
}

pub async fn delete(session: &mut Session, own: &mut OwnMessages) {
    if own.0.is_empty() {
        return;
    }
    let (conversation, place) = own.0[session.random.random_range(0..own.0.len())].clone();
    let Some(before) = conversation.state().standing(session.user) else { return };
    let Some(path) = path(&conversation.message(place)).filter(|_| before.is_in) else { return };
    conversation.change_message(place, |message| message.fate = Fate::Ending);
    let reply = session.command(Kind::Delete, Ask::new(Method::DELETE, path)).await;
    expect_reason(session, &conversation, before, &reply, "deleting");
    let node = reply.answer.node;
    conversation.change_message(place, |message| match reply.outcome {
        Outcome::Acknowledged => {
            message.fate = Fate::Ended;
            message.ended_by[node] = true;
        }
        Outcome::Refused => message.fate = Fate::Kept,
        Outcome::RefusedLater => {}
    });
    // A message is also dropped if the outcome of its deletion is unknown.
    own.0.retain(|(known, at)| !(Arc::ptr_eq(known, &conversation) && *at == place));
    if reply.is_acknowledged() {
        look_after(session, &conversation, place, node).await;
    }
}
