//! Looks at what was acknowledged: the node that did it must show it at once to everybody in the
//! conversation, the other one to clients with the position, and neither to those who are out.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rand::Rng;
use serde_json::Value;

use crate::ledger::{Conversation, Dialect, Fate, NODES, name_and_version, text};
use crate::session::{Answer, Session};

/// Looks at any messages all the time.
pub async fn run(mut session: Session) {
    let stop = session.load.stop.clone();
    while !stop.is_cancelled() {
        let conversations = session.account.conversations();
        let conversation = &conversations[session.random.random_range(0..conversations.len())];
        let count = conversation.state().messages.len();
        let user = session.random.random_range(0..session.account.people.len());
        let node = session.any_node();
        let has_position = session.one_in(2);
        if session.one_in(4) {
            look_from_outside(&mut session, conversation, user, node, true).await;
        } else if count > 0 {
            // The newest are the most likely to be wrong.
            let newest = session.random.random_range(0..count.min(20));
            let any = session.random.random_range(0..count);
            let place = if session.one_in(2) { count - 1 - newest } else { any };
            look_at_message(&mut session, conversation, place, user, node, has_position).await;
        }
        let pause = Duration::from_millis(session.random.random_range(0..60));
        tokio::time::sleep(pause).await;
    }
}

/// The answer; `None` if there is none now. With a position it reflects all that was acknowledged.
async fn look(
    session: &mut Session,
    path: &str,
    user: usize,
    node: usize,
    has_position: bool,
) -> Option<Answer> {
    let position = has_position.then(|| session.account.newest());
    let answer = session.query(node, user, path, position).await?;
    session.load.counts.checks.fetch_add(1, Ordering::Relaxed);
    Some(answer)
}

pub async fn look_at_message(
    session: &mut Session,
    conversation: &Conversation,
    place: usize,
    user: usize,
    node: usize,
    has_position: bool,
) {
    let Some(standing) = conversation.state().standing(user) else { return };
    if !has_position && !standing.is_original() {
        // The other node may know of newer memberships.
        return;
    }
    let before = conversation.message(place);
    let (path, field) = match &before.id {
        Some((Dialect::Weavy, id)) => (format!("/api/messages/{id}"), "text"),
        Some((Dialect::Protocol, id)) => (format!("/v1/messages/{id}"), "message"),
        None => return,
    };
    let at_least = match has_position {
        true => Some(before.newest),
        false => before.acknowledged_by[node],
    };
    let is_over = before.ended_by[node] || (has_position && before.fate == Fate::Ended);
    let Some(answer) = look(session, &path, user, node, has_position).await else { return };
    let after = conversation.message(place);
    let is_same = conversation.state().standing(user) == Some(standing);
    let name = &before.name;
    let wrong = match (answer.status, answer.body[field].as_str()) {
        (200, _) if is_over => format!("{name} is shown, and was deleted"),
        (200, _) if is_same && !standing.is_in => {
            let uid = &session.account.people[user].uid;
            format!("{name} is shown to {uid}, who is out")
        }
        (200, Some(shown)) => match name_and_version(shown) {
            Some((of, version)) if of == name && shown == text(name, version) => {
                if at_least.is_some_and(|least| version < least) {
                    format!(
                        "{name} is shown as version {version}, and {at_least:?} was acknowledged"
                    )
                } else if version > after.sent {
                    format!("{name} is shown as version {version}, which nobody has sent")
                } else {
                    return;
                }
            }
            _ => format!("{name} is shown with another text: {shown:.80}"),
        },
        (404, _) if !standing.is_in || !is_same || after.fate != Fate::Kept => return,
        (404, _) if at_least.is_none() => return,
        (status, _) => format!("{name} is not shown: {status} {}", answer.body),
    };
    session.load.find(format!("node {}, user {user}, {path}: {wrong}", node + 1));
}

/// A user who is out reads nothing.
pub async fn look_from_outside(
    session: &mut Session,
    conversation: &Conversation,
    user: usize,
    node: usize,
    has_position: bool,
) {
    let Some(standing) = conversation.state().standing(user).filter(|s| !s.is_in) else { return };
    let path = path_of(session, conversation);
    let Some(answer) = look(session, &path, user, node, has_position).await else { return };
    let is_same = conversation.state().standing(user) == Some(standing);
    if is_same && answer.status != 404 {
        let node = node + 1;
        session.load.find(format!("node {node}: user {user}, who is out, reads {path}"));
    }
}

/// What was erased is gone for every user.
pub async fn look_at_erased(
    session: &mut Session,
    conversation: &Conversation,
    user: usize,
    node: usize,
    has_position: bool,
) {
    let path = path_of(session, conversation);
    let Some(answer) = look(session, &path, user, node, has_position).await else { return };
    if answer.status != 404 {
        let status = answer.status;
        session.load.find(format!("node {}: {path} was erased, and answers {status}", node + 1));
    }
}

fn path_of(session: &mut Session, conversation: &Conversation) -> String {
    let (number, id) = (conversation.number, conversation.id());
    match session.random.random_range(0..4) {
        0 => format!("/api/conversations/{number}"),
        1 => format!("/api/apps/{number}/messages"),
        2 => format!("/v1/conversations/{id}"),
        _ => format!("/v1/messages?conversation_id={id}"),
    }
}

/// The badge is the number of unread conversations in the list, without those that the user has
/// muted.
pub async fn look_at_the_list(session: &mut Session) {
    let mut difference = String::new();
    // Between two equal badges one conversation may be erased and another become unread, but not in
    // every attempt.
    for _ in 0..4 {
        let node = session.any_node();
        let Some((found, _)) = compare_list_and_badge(session, node).await else { return };
        let Some(found) = found else { return };
        difference = found;
    }
    session.load.find(difference);
}

/// The difference, if there is one, and the numbers of the conversations in the list; `None` if
/// there is no answer, or something has changed meanwhile.
pub async fn compare_list_and_badge(
    session: &mut Session,
    node: usize,
) -> Option<(Option<String>, BTreeSet<i64>)> {
    const BADGE: &str = "/api/conversations/badge";
    const LIST: &str = "/api/conversations?top=100";
    const MUTED: &str = "/v1/conversations?muted=true&limit=100";
    let user = session.user;
    let mut answers = Vec::new();
    for path in [BADGE, LIST, MUTED, BADGE] {
        answers.push(look(session, path, user, node, false).await?.body);
    }
    let [before, list, muted, after] = &answers[..] else { return None };
    let conversations = session.account.conversations();
    let muted: BTreeSet<&str> = items(muted).filter_map(|item| item["id"].as_str()).collect();
    let is_muted = |number: &Value| {
        let known = conversations.iter().find(|known| *number == known.number);
        known.is_some_and(|known| muted.contains(&*known.id()))
    };
    let unread = items(list).filter(|item| item["is_unread"] == true && !is_muted(&item["id"]));
    let unread = unread.count() as i64;
    let listed: BTreeSet<i64> = items(list).filter_map(|item| item["id"].as_i64()).collect();
    let who = format!("node {}, account {}, user {user}", node + 1, session.account.number);
    let badge: i64 =
        ["private", "rooms", "chat"].iter().filter_map(|kind| before[kind].as_i64()).sum();
    if list["count"] != listed.len() {
        let count = &list["count"];
        return Some((
            Some(format!("{who}: a list of {} is counted as {count}", listed.len())),
            listed,
        ));
    }
    if before != after {
        return None;
    }
    let wrong = (badge != unread)
        .then(|| format!("{who}: {unread} are unread in the list, and the badge is {before}"));
    Some((wrong, listed))
}

fn items(page: &Value) -> impl Iterator<Item = &Value> {
    page["data"].as_array().into_iter().flatten()
}

const _: () = assert!(NODES == 2, "the other node is 1 - node");
