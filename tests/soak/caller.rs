//! What one user does all the time: one action after another, and now and then a look at the
//! outcome.

use std::sync::Arc;
use std::time::Duration;

use rand::Rng;
use reqwest::Method;
use serde_json::json;

use crate::commands::Kind;
use crate::ledger::{Conversation, Standing};
use crate::session::{Ask, Reply, Session};
use crate::{messages, reader, rooms};

pub async fn run(mut session: Session) {
    let stop = session.load.stop.clone();
    let mut own = messages::OwnMessages::default();
    while !stop.is_cancelled() {
        let Some((conversation, standing)) = pick(&mut session) else { break };
        match session.random.random_range(0..100) {
            0..42 => messages::post(&mut session, &mut own, &conversation, standing).await,
            42..50 => messages::edit(&mut session, &mut own).await,
            50..55 => messages::delete(&mut session, &mut own).await,
            55..85 => change_own_state(&mut session, &conversation, standing).await,
            85..89 => rooms::rename(&mut session, &conversation, standing).await,
            89..91 => rooms::create(&mut session).await,
            91..92 => rooms::get_or_create_chat(&mut session).await,
            92..96 => rooms::change_members(&mut session, &conversation).await,
            96 => rooms::erase(&mut session, &conversation).await,
            _ => reader::look_at_the_list(&mut session).await,
        }
        let pause = Duration::from_millis(session.random.random_range(0..80));
        tokio::time::sleep(pause).await;
    }
}

/// One of the conversations that the user is in.
fn pick(session: &mut Session) -> Option<(Arc<Conversation>, Standing)> {
    let mut found: Vec<_> = session
        .account
        .conversations()
        .into_iter()
        .filter_map(|conversation| {
            let standing = conversation.state().standing(session.user)?;
            standing.is_in.then_some((conversation, standing))
        })
        .collect();
    if found.is_empty() {
        return None;
    }
    let place = session.random.random_range(0..found.len());
    Some(found.swap_remove(place))
}

/// A refusal is right only if the conversation or its membership has changed meanwhile.
pub fn expect_reason(
    session: &Session,
    conversation: &Conversation,
    before: Standing,
    reply: &Reply,
    what: &str,
) {
    if !reply.is_acknowledged() {
        expect_change(session, conversation, before, reply, what);
    }
}

/// The conversation must have changed for the caller, which explains the answer.
fn expect_change(
    session: &Session,
    conversation: &Conversation,
    before: Standing,
    reply: &Reply,
    what: &str,
) {
    let now = conversation.state().standing(session.user);
    if now != Some(before) {
        session.load.overtake(&reply.key);
    } else {
        let (status, body) = (reply.answer.status, &reply.answer.body);
        let (number, key, node) = (conversation.number, &reply.key, reply.answer.node + 1);
        let outcome = reply.outcome;
        session.load.find(format!(
            "node {node}: {what} in conversation {number} with key {key}: {outcome:?}: {status} \
             {body}"
        ));
    }
}

/// Marks, pins and mutes: the member's own state.
async fn change_own_state(session: &mut Session, conversation: &Conversation, before: Standing) {
    let (number, id) = (conversation.number, conversation.id());
    let weavy =
        |method, what: &str| Ask::new(method, format!("/api/conversations/{number}/{what}"));
    let protocol = |body| Ask::new(Method::PUT, format!("/v1/conversations/{id}")).with(body);
    let read = |method| Ask::new(method, format!("/v1/conversations/{id}/read"));
    // The field of the answer that shows the change, and its value, if there is one.
    let (kind, ask, shown) = match session.random.random_range(0..12) {
        0..4 => (Kind::MarkRead, weavy(Method::PUT, "mark"), Some(("is_unread", false))),
        4 => (Kind::MarkUnread, weavy(Method::DELETE, "mark"), None),
        5 => (Kind::MarkRead, read(Method::POST), None),
        6 => (Kind::MarkUnread, read(Method::DELETE), None),
        7 => (Kind::Pin, weavy(Method::PUT, "pin"), Some(("is_pinned", true))),
        8 => (Kind::Unpin, weavy(Method::DELETE, "pin"), Some(("is_pinned", false))),
        9 => (Kind::Pin, protocol(json!({ "is_pinned": true })), Some(("is_pinned", true))),
        10 => (Kind::Mute, protocol(json!({ "is_muted": true })), Some(("is_muted", true))),
        _ => (Kind::Unmute, protocol(json!({ "is_muted": false })), Some(("is_muted", false))),
    };
    let reply = session.command(kind, ask).await;
    expect_reason(session, conversation, before, &reply, &format!("{kind:?}"));
    if shown.is_some() && reply.answer.status == 204 {
        // The command was recorded, but the caller no longer sees the conversation.
        expect_change(session, conversation, before, &reply, &format!("{kind:?}"));
        return;
    }
    // Somebody may have posted between the mark and the answer.
    if let Some((name, value)) = shown.filter(|(name, _)| *name != "is_unread")
        && reply.is_acknowledged()
        && reply.answer.body[name] != value
    {
        let key = &reply.key;
        session.load.find(format!("{kind:?} {key} was answered without it: {}", reply.answer.body));
    }
}
