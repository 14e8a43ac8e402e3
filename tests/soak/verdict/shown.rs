//! What the API shows on both nodes is what was acknowledged, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use crate::ledger::{Account, Conversation, Fate, NODES, State, name_and_version, text};
use crate::load::Load;
use crate::progress::Progress;
use crate::reader::compare_list_and_badge;
use crate::session::Session;
use crate::world::World;

pub async fn compare(world: &World, load: &Arc<Load>, progress: &Progress) {
    let names: BTreeMap<String, String> = sqlx::query_as(
        "select distinct on (conversation_id)
                conversation_id::text, metadata->>'idempotency_key'
         from events
         where event_type in ('ConversationCreated', 'ConversationRenamed')
         order by conversation_id, position desc",
    )
    .fetch_all(&world.db)
    .await
    .map(|found: Vec<(String, Option<String>)>| {
        found.into_iter().map(|(id, key)| (id, key.unwrap_or_default())).collect()
    })
    .expect("PostgreSQL is well");
    let (mut conversations, mut messages, mut erased) = (0, 0, 0);
    for account in &load.accounts {
        for conversation in account.conversations() {
            let mut session = load.session(0, account, conversation.creator, "verdict");
            for node in 0..NODES {
                if conversation.state().fate == Fate::Ended {
                    erased += usize::from(node == 0);
                    look_at_erased(&mut session, &conversation, node).await;
                    continue;
                }
                messages += look_at_messages(&mut session, &conversation, node).await;
                let key = names.get(&conversation.uuid.to_string());
                look_at_name(&mut session, &conversation, node, key).await;
                conversations += usize::from(node == 0);
            }
        }
        look_at_lists(load, account).await;
    }
    progress.checked(format!(
        "shown: {conversations} conversations with {} messages on both nodes and dialects, \
         {erased} erased ones not",
        messages / NODES
    ));
    progress.checked("shown: every user's list and badge on both nodes".to_owned());
}

async fn get(session: &mut Session, node: usize, path: &str) -> (u16, Value) {
    let user = session.user;
    match session.query(node, user, path, None).await {
        Some(answer) => (answer.status, answer.body),
        None => (503, Value::Null),
    }
}

async fn look_at_erased(session: &mut Session, conversation: &Conversation, node: usize) {
    let number = conversation.number;
    for path in [
        format!("/api/apps/{number}/messages"),
        format!("/api/conversations/{number}"),
        format!("/v1/conversations/{}", conversation.id()),
    ] {
        let (status, _) = get(session, node, &path).await;
        if status != 404 {
            session.load.find(format!("node {}: {path} was erased: {status}", node + 1));
        }
    }
}

async fn look_at_name(
    session: &mut Session,
    conversation: &Conversation,
    node: usize,
    key: Option<&String>,
) {
    let expected = key.and_then(|key| conversation.state().names.get(key).cloned());
    let path = format!("/api/conversations/{}", conversation.number);
    let (status, body) = get(session, node, &path).await;
    let Some(expected) = expected else { return };
    if body["name"] != *expected {
        let shown = &body["name"];
        let node = node + 1;
        session.load.find(format!("node {node}: {path}: {status}, {shown} instead of {expected}"));
    }
}

/// Returns how many messages there are.
async fn look_at_messages(
    session: &mut Session,
    conversation: &Conversation,
    node: usize,
) -> usize {
    let shown = weavy_texts(session, conversation, node).await;
    let names: BTreeSet<&str> = shown.iter().filter_map(|t| Some(name_and_version(t)?.0)).collect();
    let mut wrong = Vec::new();
    if names.len() != shown.len() {
        wrong.push(format!("{} texts with {} names", shown.len(), names.len()));
    }
    {
        let state = conversation.state();
        wrong.extend(shown.iter().filter_map(|text| wrong_text(&state, text)));
        for message in &state.messages {
            let is_due = message.id.is_some() && message.fate == Fate::Kept;
            if is_due && !names.contains(&*message.name) {
                wrong.push(format!("{} is not shown", message.name));
            }
        }
    }
    let on_the_other_dialect = protocol_texts(session, conversation, node).await;
    if on_the_other_dialect.iter().ne(shown.iter()) {
        let count = on_the_other_dialect.len();
        wrong.push(format!("{} texts on one dialect, and {count} or others on two", shown.len()));
    }
    for what in wrong {
        let number = conversation.number;
        session.load.find(format!("node {}, conversation {number}: {what}", node + 1));
    }
    shown.len()
}

fn wrong_text(state: &State, shown: &str) -> Option<String> {
    let found = name_and_version(shown).and_then(|(name, version)| {
        let message = state.messages.iter().find(|message| message.name == name)?;
        Some((message, version))
    });
    let Some((message, version)) = found else {
        return Some(format!("nobody has sent {shown:.60}"));
    };
    let is_right = message.fate != Fate::Ended
        && (message.newest..=message.sent).contains(&version)
        && text(&message.name, version) == shown;
    (!is_right).then(|| format!("{shown:.60} is shown of {message:?}"))
}

async fn weavy_texts(session: &mut Session, at: &Conversation, node: usize) -> Vec<String> {
    let mut texts = Vec::new();
    loop {
        let (number, skip) = (at.number, texts.len());
        let path = format!("/api/apps/{number}/messages?order_by=id&top=100&skip={skip}");
        let (status, page) = get(session, node, &path).await;
        if status != 200 {
            session.load.find(format!("node {}: {path}: {status} {page}", node + 1));
            return texts;
        }
        let items = page["data"].as_array().cloned().unwrap_or_default();
        texts.extend(items.iter().filter_map(|item| item["text"].as_str().map(str::to_owned)));
        if items.is_empty() || page["count"] == texts.len() {
            return texts;
        }
    }
}

/// In posting order as well, although this dialect lists the newest first.
async fn protocol_texts(session: &mut Session, at: &Conversation, node: usize) -> Vec<String> {
    let (mut texts, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/messages?conversation_id={}&limit=100{cursor}", at.id());
        let (_, page) = get(session, node, &path).await;
        let items = page["data"].as_array().cloned().unwrap_or_default();
        texts.extend(items.iter().filter_map(|item| item["message"].as_str().map(str::to_owned)));
        match items.last().and_then(|item| item["id"].as_str()) {
            Some(last) if page["has_more"] == true => cursor = format!("&starting_after={last}"),
            _ => break,
        }
    }
    texts.reverse();
    texts
}

async fn look_at_lists(load: &Arc<Load>, account: &Arc<Account>) {
    for user in 0..account.people.len() {
        let mut session = load.session(0, account, user, "verdict");
        let conversations = account.conversations();
        let kept = conversations.iter().filter(|known| known.state().is_member(user));
        let expected: BTreeSet<i64> = kept.map(|known| known.number).collect();
        for node in 0..NODES {
            let who = format!("node {}, account {}, user {user}", node + 1, account.number);
            let Some((wrong, listed)) = compare_list_and_badge(&mut session, node).await else {
                load.find(format!("{who}: the list cannot be had"));
                continue;
            };
            wrong.into_iter().for_each(|wrong| load.find(wrong));
            if listed != expected {
                load.find(format!("{who}: lists {listed:?}, and is in {expected:?}"));
            }
        }
    }
}
