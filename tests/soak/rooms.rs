//! Creating and naming rooms and chats; and, by their creator, removing and adding members, and
//! erasing.

use reqwest::Method;
use serde_json::{Value, json};

use rand::Rng;
use rand::seq::{IndexedRandom, SliceRandom};

use crate::caller::expect_reason;
use crate::commands::{Kind, Outcome};
use crate::ledger::{Conversation, Fate, Standing};
use crate::reader;
use crate::session::{Ask, Session};

/// The conversations that an account may have at once: a user's list must fit on a page.
const CONVERSATIONS_MAX: usize = 60;

/// A room of all users who act, and of others, that never changes.
pub async fn create_fixed(session: &mut Session, others: &[String]) {
    let (name, key) = (session.new_name(), session.new_name());
    let people = session.account.people.len();
    let mut uids: Vec<&str> = (1..people).map(|user| uid(session, user)).collect();
    uids.extend(others.iter().map(String::as_str));
    let body = json!({ "members": uids, "name": name });
    let ask = Ask::new(Method::POST, "/api/conversations").with(body);
    let reply = session.command_with(Kind::Create, ask, key.clone()).await;
    assert!(reply.is_acknowledged(), "{}", reply.answer.body);
    let members: Vec<usize> = (0..people).collect();
    keep(session, &reply.answer.body, &members, Some((key, name)), true).await;
}

fn uid(session: &Session, user: usize) -> &str {
    &session.account.people[user].uid
}

pub async fn create(session: &mut Session) {
    let conversations = session.account.conversations();
    let kept = conversations.iter().filter(|known| known.state().fate == Fate::Kept).count();
    if kept >= CONVERSATIONS_MAX {
        return;
    }
    let mut others: Vec<usize> =
        (0..session.account.people.len()).filter(|user| *user != session.user).collect();
    others.shuffle(&mut session.random);
    others.truncate(session.random.random_range(2..=others.len()));
    let uids: Vec<&str> = others.iter().map(|user| uid(session, *user)).collect();
    let uids = json!(uids);
    let name = session.new_name();
    let ask = match session.one_in(2) {
        true => Ask::new(Method::POST, "/api/conversations")
            .with(json!({ "members": uids, "name": name })),
        false => {
            Ask::new(Method::POST, "/v1/groups").with(json!({ "contacts": uids, "name": name }))
        }
    };
    let reply = session.command(Kind::Create, ask).await;
    if !reply.is_acknowledged() {
        session.load.find(format!("creating a room was refused: {}", reply.answer.body));
        return;
    }
    let mut members = others;
    members.push(session.user);
    keep(session, &reply.answer.body, &members, Some((reply.key, name)), false).await;
}

pub async fn get_or_create_chat(session: &mut Session) {
    let other = session.random.random_range(0..session.account.people.len());
    if other == session.user {
        return;
    }
    let uid = uid(session, other).to_owned();
    let ask = match session.one_in(2) {
        true => Ask::new(Method::POST, "/api/conversations").with(json!({ "members": [uid] })),
        false => Ask::new(Method::POST, "/v1/conversations").with(json!({ "contact_id": uid })),
    };
    let reply = session.command(Kind::GetOrCreateChat, ask).await;
    if !reply.is_acknowledged() {
        session.load.find(format!("getting a chat was refused: {}", reply.answer.body));
        return;
    }
    keep(session, &reply.answer.body, &[session.user, other], None, true).await;
}

/// Notes a conversation that was created. The two dialects tell different ids of it.
async fn keep(
    session: &Session,
    body: &Value,
    members: &[usize],
    named: Option<(String, String)>,
    is_fixed: bool,
) {
    let (account, people) = (session.account.number, session.account.people.len());
    let found = session.load.identify(account, body["id"].as_i64(), body["id"].as_str()).await;
    let conversation = Conversation::new(found.0, found.1, session.user, is_fixed, people, members);
    conversation.state().names.extend(named);
    session.account.add(conversation);
}

pub async fn rename(session: &mut Session, conversation: &Conversation, before: Standing) {
    if conversation.is_fixed {
        return;
    }
    let (name, key) = (session.new_name(), session.new_name());
    conversation.state().names.insert(key.clone(), name.clone());
    let path = format!("/v1/groups/{}", conversation.id());
    let ask = Ask::new(Method::PUT, path).with(json!({ "name": name }));
    let reply = session.command_with(Kind::Rename, ask, key).await;
    expect_reason(session, conversation, before, &reply, "renaming");
}

/// Removes a member, who must see nothing of the conversation from then on, or adds a user.
pub async fn change_members(session: &mut Session, conversation: &Conversation) {
    if conversation.is_fixed || conversation.creator != session.user {
        return;
    }
    let members = conversation.state().members();
    let people = 0..session.account.people.len();
    let others = people.filter(|user| *user != session.user).collect::<Vec<_>>();
    let user = *others.choose(&mut session.random).expect("more than one user");
    let Some(before) = conversation.state().standing(user) else { return };
    let after: Vec<usize> = match before.is_in {
        true => members.into_iter().filter(|member| *member != user).collect(),
        false => members.into_iter().chain([user]).collect(),
    };
    let contacts: Vec<&str> =
        after.iter().filter(|u| **u != session.user).map(|u| uid(session, *u)).collect();
    let body = json!({ "contacts": contacts });
    let ask = Ask::new(Method::PUT, format!("/v1/groups/{}", conversation.id())).with(body);
    conversation.state().set_member(user, None);
    let kind = if before.is_in { Kind::Remove } else { Kind::Add };
    let reply = session.command(kind, ask).await;
    if !reply.is_acknowledged() {
        session.load.find(format!("{kind:?} was refused: {}", reply.answer.body));
        return;
    }
    conversation.state().set_member(user, Some(!before.is_in));
    if before.is_in {
        let node = reply.answer.node;
        reader::look_from_outside(session, conversation, user, node, false).await;
        reader::look_from_outside(session, conversation, user, 1 - node, true).await;
    }
}

pub async fn erase(session: &mut Session, conversation: &Conversation) {
    if conversation.is_fixed || conversation.creator != session.user {
        return;
    }
    conversation.state().fate = Fate::Ending;
    let path = match session.one_in(2) {
        true => format!("/api/apps/{}", conversation.number),
        false => format!("/v1/conversations/{}", conversation.id()),
    };
    let reply = session.command(Kind::Erase, Ask::new(Method::DELETE, path)).await;
    if reply.outcome != Outcome::Acknowledged {
        session.load.find(format!("erasing was refused: {}", reply.answer.body));
        return;
    }
    conversation.state().fate = Fate::Ended;
    let user = session.user;
    reader::look_at_erased(session, conversation, user, reply.answer.node, false).await;
    reader::look_at_erased(session, conversation, user, 1 - reply.answer.node, true).await;
}
