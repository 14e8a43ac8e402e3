use std::sync::Arc;

use domain::UserId;
use domain::conversation::Command::DeleteConversation;
use domain::conversation::support::SupportCommand::{AssignAgent, ChangeStatus, Snooze};
use domain::conversation::support::{Opening, Sender, Status, SupportMessage};
use domain::conversation::{Command, Conversation};
use domain::participation::{ChangeCommand, Reading};

use crate::tests::{ACCOUNT, Office, incoming, outgoing, said};
use crate::views::support::{Counts, Desk, Filter, SupportConversation};
use crate::views::{Due, Views};

async fn shown(views: &Views, office: &Office) -> Arc<SupportConversation> {
    let id = *office.conversations.last().unwrap();
    views.support_conversation_of(ACCOUNT, id).await.unwrap().unwrap()
}

async fn counts(views: &Views, office: &Office) -> Counts {
    let desk = Desk { account: ACCOUNT, user: Some(office.agents[0]), inboxes: None };
    views.support_counts(&desk, &Filter::default()).await.unwrap()
}

/// Whether the contact is waiting, and whether a person has answered.
async fn is_waiting(office: &Office) -> (bool, bool) {
    let shown = shown(&office.world.project().await, office).await;
    (shown.waiting_since.is_some(), shown.first_reply_created_at.is_some())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_waits_from_the_start_until_a_person_answers_in_public() {
    let mut office = Office::open(1).await;
    let id = office.converse(0, |opening| opening).await;
    let (contact, ann) = (office.links[0].0, office.agents[0]);
    assert_eq!(is_waiting(&office).await, (true, false));
    let mut note = outgoing(ann, "a note");
    note.remark.private = true;
    let mut bot = outgoing(ann, "a bot");
    bot.remark.sender = Sender::Bot;
    for other in [note, bot] {
        assert!(office.tell(id, said(other)).await);
    }
    assert_eq!(is_waiting(&office).await, (true, false));
    assert!(office.tell(id, said(outgoing(ann, "an answer"))).await);
    assert_eq!(is_waiting(&office).await, (false, true));
    assert!(office.tell(id, said(incoming(contact, "thanks"))).await);
    assert_eq!(is_waiting(&office).await, (true, true));
    assert!(office.tell(id, ChangeStatus { status: Status::Resolved, agent: None }).await);
    assert_eq!(is_waiting(&office).await, (false, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_in_is_unread_until_the_agents_have_seen_it_and_again_when_they_say_so() {
    let mut office = Office::open(2).await;
    let id = office.converse(0, |opening| opening).await;
    let contact = office.links[0].0;
    let read = ChangeCommand::OpenConversation { reading: Reading::Whole(None), as_of: None };
    let unread = ChangeCommand::MarkUnreadSince { as_of: None };
    for n in 0..11 {
        assert!(office.tell(id, said(incoming(contact, &n.to_string()))).await);
    }
    assert_eq!(shown(&office.world.project().await, &office).await.unread_count, 11);
    for (user, change, expected) in
        [(UserId::ASSIGNEE, &read, 11), (UserId::AGENTS, &read, 0), (UserId::AGENTS, &unread, 11)]
    {
        assert!(office.share(id, user, change.clone()).await);
        let shown = shown(&office.world.project().await, &office).await;
        assert_eq!(shown.unread_count, expected, "{user}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_message_stays_with_nothing_in_it() {
    let mut office = Office::open(3).await;
    let id = office.converse(0, |opening| opening).await;
    let message = SupportMessage {
        source_id: Some("channel's".into()),
        ..incoming(office.links[0].0, "a secret")
    };
    let deletion = Command::DeleteMessage { message: message.message };
    assert!(office.tell(id, said(message)).await);
    // The deletion comes in a batch of its own.
    office.world.project().await;
    assert!(office.world.ask::<Conversation>(id, deletion).await);
    let views = office.world.project().await;
    let found = views.support_messages(id, None, None).await.unwrap();
    let [deleted] = &found[..] else { panic!("{found:?}") };
    assert_eq!((deleted.text.as_str(), &deleted.source_id, deleted.deleted), ("", &None, true));
    assert_eq!(shown(&views, &office).await.unread_count, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_follow_what_is_assigned_resolved_and_deleted() {
    let mut office = Office::open(4).await;
    let (ann, bob) = (office.agents[0], office.agents[1]);
    let of = |assignee| move |opening: Opening| Opening { assignee, ..opening };
    for assignee in [Some(ann), Some(ann), Some(bob), None] {
        office.converse(0, of(assignee)).await;
    }
    let counted = |mine, assigned, unassigned, all| Counts { mine, assigned, unassigned, all };
    let views = office.world.project().await;
    assert_eq!(counts(&views, &office).await, counted(2, 3, 1, 4));
    let [first, second, _, last] = office.conversations[..] else { panic!() };
    assert!(office.tell(last, AssignAgent { agent: Some(ann) }).await);
    let resolved = ChangeStatus { status: Status::Resolved, agent: None };
    assert!(office.tell(first, resolved).await);
    assert!(office.world.ask::<Conversation>(second, DeleteConversation).await);
    let views = office.world.project().await;
    assert_eq!(counts(&views, &office).await, counted(2, 3, 0, 3));
    let desk = Desk { account: ACCOUNT, user: None, inboxes: Some(office.inboxes[1..].to_vec()) };
    let elsewhere = views.support_counts(&desk, &Filter::default()).await.unwrap();
    assert_eq!(elsewhere, Counts::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snooze_with_an_end_is_due_at_its_end_unless_something_came_before() {
    let mut office = Office::open(5).await;
    let end = "2026-01-01T00:00:00Z".parse().unwrap();
    let past = Some(end);
    let future = Some("2999-01-01T00:00:00Z".parse().unwrap());
    let opened = ChangeStatus { status: Status::Open, agent: None };
    for then in [None, Some(opened), Some(Snooze { until: future }), Some(Snooze { until: None })] {
        let id = office.converse(0, |opening| opening).await;
        assert!(office.tell(id, Snooze { until: past }).await);
        if let Some(then) = then {
            assert!(office.tell(id, then).await);
        }
    }
    let snoozed = |opening| Opening { status: Status::Snoozed, snoozed_until: past, ..opening };
    office.converse(0, snoozed).await;
    office.world.project().await;
    let due = Due::find(office.world.pool(), 10).await.unwrap();
    let due: Vec<_> = due.iter().map(|due| due.action.0.clone()).collect();
    let expected = [office.conversations[0], office.conversations[4]]
        .map(|conversation| crate::timers::Action::EndSnooze { conversation, until: end });
    assert_eq!(due.len(), 2);
    assert!(expected.iter().all(|action| due.contains(action)), "{due:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_told_from_the_end_before_after_and_between_numbers() {
    let mut office = Office::open(6).await;
    let id = office.converse(0, |opening| opening).await;
    let mut numbers = Vec::new();
    for n in 0..25 {
        assert!(office.tell(id, said(incoming(office.links[0].0, &n.to_string()))).await);
        numbers.push(domain::PublicId::from(office.world.account_position().await));
    }
    let views = office.world.project().await;
    for (before, after, expected) in [
        (None, None, &numbers[5..]),
        (Some(numbers[22]), None, &numbers[2..22]),
        (None, Some(numbers[3]), &numbers[4..]),
        (Some(numbers[24]), Some(numbers[0]), &numbers[1..24]),
    ] {
        let found = views.support_messages(id, before, after).await.unwrap();
        let found: Vec<_> = found.iter().map(|message| message.id).collect();
        assert_eq!(found, expected, "{before:?} {after:?}");
    }
    let one = views.support_message(id, numbers[3]).await.unwrap().unwrap();
    assert_eq!((one.text.as_str(), one.contact.unwrap().uuid), ("3", office.links[0].0));
}
