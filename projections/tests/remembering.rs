//! A node without a cache gives the same answers as one with a cache.

use domain::{AccountId, ConversationId, UserId};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::desk::any_question;
use super::desk_world::{ACCOUNT, Office};
use super::node::Node;
use super::random::History;
use super::{KINDS, every_choice_of_flags};
use crate::views::support::{Desk, Filter};
use crate::views::{self, Choice, Column, Order, Viewer, Views};
use crate::{Cursor, MODELS, Memory};

/// The number of different queries.
const QUESTIONS: usize = 12;

/// The answer to one query of a member, as text.
async fn answer(views: &Views, user: UserId, rooms: &[ConversationId], question: usize) -> String {
    // On behalf of an account, as for a request: other answers are not cached.
    let views = &views.clone().of_account(AccountId::FIRST);
    let filter = views::Filter { kinds: KINDS.to_vec(), top: 100, ..views::Filter::default() };
    match question {
        0 => format!("{:#?}", views.list(user, &filter).await.unwrap()),
        1 => {
            let unread = views::Filter { unread: Some(true), trashed: Some(false), ..filter };
            format!("{:#?}", views.list(user, &unread).await.unwrap())
        }
        2 => {
            let named =
                views::Filter { q: Some("user".to_owned()), order: Order::ModifiedAt, ..filter };
            format!("{:#?}", views.list(user, &named).await.unwrap())
        }
        3 => {
            let mut seen = String::new();
            for room in rooms {
                let view =
                    views.view(AccountId::FIRST, Viewer::User(user), *room, true).await.unwrap();
                let all = views.view(AccountId::FIRST, Viewer::Service, *room, true).await.unwrap();
                seen += &format!("{view:#?} {all:#?}");
            }
            seen
        }
        4 => {
            let mut entries = String::new();
            for flags in every_choice_of_flags() {
                let slice = views.entries(user, flags, Cursor::Top, 100).await.unwrap();
                entries += &format!("{slice:#?}");
            }
            entries
        }
        5 => {
            let choice = Choice { kinds: KINDS.to_vec(), limit: 100, ..Choice::default() };
            format!("{:#?}", views.chats(user, &choice).await.unwrap())
        }
        6 => {
            let order = vec![(Column::Name, false)];
            let choice = Choice { kinds: KINDS.to_vec(), order, limit: 100, ..Choice::default() };
            format!("{:#?}", views.chats(user, &choice).await.unwrap())
        }
        7 => format!("{:#?}", views.groups(user, Cursor::Top, 100).await.unwrap()),
        8 => format!("{:#?}", views.unread_counts(user).await.unwrap()),
        9 => {
            let mut messages = String::new();
            for room in rooms {
                let page = views.messages(*room, true, 50, 0).await.unwrap();
                messages += &format!("{page:#?}");
            }
            messages
        }
        10 => {
            let mut reads = String::new();
            for room in rooms {
                let slice = views.reads(user, *room, Cursor::Top, 50).await.unwrap();
                reads += &format!("{slice:#?}");
            }
            reads
        }
        _ => {
            let contacts = views.contacts(AccountId::FIRST, user, Cursor::Top, 50).await.unwrap();
            let users = views.users(AccountId::FIRST, None, None, 50, 0).await.unwrap();
            let uuids: Vec<UserId> = users.items.iter().map(|user| user.uuid).collect();
            let known = views.users_of(AccountId::FIRST, &uuids).await.unwrap();
            format!("{contacts:#?} {users:#?} {known:#?} {:#?}", views.chats_of(user, rooms).await)
        }
    }
}

pub(super) async fn answers(
    views: &Views,
    users: &[UserId],
    rooms: &[ConversationId],
) -> Vec<String> {
    let mut answers = Vec::new();
    for user in users {
        for question in 0..QUESTIONS {
            answers.push(answer(views, *user, rooms, question).await);
        }
    }
    answers
}

/// Reports the line that differs instead of both answers.
#[track_caller]
pub(super) fn assert_same(remembered: &[String], read: &[String], context: &str) {
    for (place, (remembered, read)) in remembered.iter().zip(read).enumerate() {
        let differing = remembered.lines().zip(read.lines()).find(|(one, other)| one != other);
        assert!(remembered == read, "{context}, question {}: {differing:?}", place % QUESTIONS);
    }
}

/// Queries all the time, so that things are loaded while they change.
fn look_all_the_time(history: &History, views: &Views, stop: &CancellationToken) -> JoinHandle<()> {
    let (views, stop) = (views.clone(), stop.clone());
    let (users, rooms) = (history.users.clone(), history.rooms.clone());
    tokio::spawn(async move {
        for question in (0..QUESTIONS).cycle().take_while(|_| !stop.is_cancelled()) {
            for user in &users {
                answer(&views, *user, &rooms, question).await;
            }
        }
    })
}

/// What agents see, except for what depends on the clock.
async fn answer_to_agent(
    views: &Views,
    office: &Office,
    (desk, filter): &(Desk, Filter),
) -> String {
    let views = views.clone().of_account(ACCOUNT);
    let mut answer = String::new();
    for agent in &office.agents {
        answer += &format!("{:#?}", views.inboxes_of(ACCOUNT, *agent).await.unwrap());
    }
    for id in &office.conversations {
        let shown = views.support_conversation_of(ACCOUNT, *id).await.unwrap();
        answer += &format!("{shown:#?}");
        let Some(shown) = shown else { continue };
        let place = views.support_place(ACCOUNT, shown.number).await.unwrap();
        answer += &format!("{place:#?}");
        if let Some(newest) = &shown.last_message {
            let posted = views.support_posted(*id, newest.id).await.unwrap();
            answer += &format!("{posted:#?}");
        }
    }
    let list = views.support_list(desk, filter).await.unwrap();
    answer + &format!("{list:#?} {:#?}", views.support_counts(desk, filter).await.unwrap())
}

/// Few commands between two comparisons, because answers to agents are cached for a second only.
#[tokio::test(flavor = "multi_thread")]
async fn answers_to_agents_from_memory_are_those_of_the_rows() {
    let mut office = Office::open(33).await;
    let node = Node::start(&office.world.log, MODELS);
    let off = Memory::off(&office.world.another_pool().await);
    let without = Views::new(off, node.views.progress().clone());
    let questions = Vec::from_iter((0..4).map(|_| any_question(&mut office)));
    for step in 0..100 {
        office.go_on().await;
        node.wait_for(office.world.log.head().await.unwrap()).await;
        let question = &questions[step % questions.len()];
        let remembered = answer_to_agent(&node.views, &office, question).await;
        let read = answer_to_agent(&without, &office, question).await;
        assert_same(&[remembered], &[read], &format!("step {step}"));
    }
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_from_memory_are_those_of_the_rows() {
    for seed in [31, 32] {
        let mut history = History::begin(seed).await;
        let node = Node::start(&history.world.log, MODELS);
        node.wait_for(history.world.log.head().await.unwrap().get()).await;
        let off = Memory::off(&history.world.another_pool().await);
        let without = Views::new(off, node.views.progress().clone());
        let stop = CancellationToken::new();
        let looking = look_all_the_time(&history, &node.views, &stop);
        for step in 1..=10 {
            history.go_on_for(20).await;
            node.wait_for(history.world.log.head().await.unwrap().get()).await;
            let remembered = answers(&node.views, &history.users, &history.rooms).await;
            let read = answers(&without, &history.users, &history.rooms).await;
            assert_same(&remembered, &read, &format!("seed {seed}, step {step}"));
        }
        stop.cancel();
        looking.await.unwrap();
        node.stop().await;
    }
}
