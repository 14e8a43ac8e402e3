//! A kind that a surface does not serve is invisible to it, whatever the query. Each test withholds
//! one of the existing kinds and serves the others: nothing of the withheld one may be found.

use domain::conversation::Kind;
use domain::participation::ChangeCommand;
use domain::{AccountId, ConversationId, PublicId, UserId};
use event_store::Surface;
use uuid::Uuid;

use crate::Cursor;
use crate::tests::{KINDS, World, create};
use crate::views::{
    Choice, Column, Filter, Flags, Name, Order, UnreadCounts, Viewer, Views, served_kinds,
};

const OTHERS: [(Kind, &[Kind]); 3] = [
    (Kind::Private, &[Kind::Room, Kind::Contextual]),
    (Kind::Room, &[Kind::Private, Kind::Contextual]),
    (Kind::Contextual, &[Kind::Private, Kind::Room]),
];

/// Two users with an unread conversation of each kind, in the order of `KINDS`.
struct OneOfEach {
    ann: UserId,
    bob: UserId,
    conversations: Vec<(ConversationId, PublicId)>,
    views: Views,
}

async fn one_of_each() -> OneOfEach {
    let mut world = World::new().await;
    let (ann, bob) = (world.register("ann").await, world.register("bob").await);
    let mut conversations = Vec::new();
    for kind in KINDS {
        let (id, uid) = match kind {
            Kind::Private => (domain::private_chat_id(AccountId::FIRST, ann, bob, 0), None),
            Kind::Room => (ConversationId::new(Uuid::from_u128(7)), None),
            Kind::Contextual => {
                (domain::contextual_chat_id(AccountId::FIRST, "order-1", 0), Some("order-1"))
            }
            Kind::Support => unreachable!("it has no members"),
        };
        world.tell(id, create(kind, &[ann, bob], uid)).await;
        let message = world.say(id, bob, "hello").await;
        world.change(id, ann, ChangeCommand::MarkUnread).await;
        conversations.push((id, message));
    }
    OneOfEach { ann, bob, conversations, views: world.project().await }
}

fn sorted(mut ids: Vec<ConversationId>) -> Vec<ConversationId> {
    ids.sort();
    ids
}

impl OneOfEach {
    /// Every list of conversations, each with its total if it has one.
    async fn lists(&self, views: &Views) -> Vec<(&'static str, Vec<ConversationId>, Option<i64>)> {
        let ann = self.ann;
        let mut lists = Vec::new();
        for order in [Order::Default, Order::Name] {
            let filter = Filter { kinds: KINDS.to_vec(), order, top: 100, ..Filter::default() };
            let page = views.list(ann, &filter).await.unwrap();
            let ids = page.items.iter().map(|view| view.conversation.uuid).collect();
            lists.push(("list", sorted(ids), page.total));
        }
        for order in [vec![], vec![(Column::ChangedAt, false)]] {
            let choice = Choice { kinds: KINDS.to_vec(), order, limit: 100, ..Choice::default() };
            let page = views.chats(ann, &choice).await.unwrap();
            let ids = page.items.iter().map(|chat| chat.conversation.uuid).collect();
            lists.push(("chats", sorted(ids), page.total));
        }
        let all = Flags::default();
        let entries = views.entries(ann, all, Cursor::Top, 100).await.unwrap();
        let ids = entries.items.iter().map(|entry| entry.conversation.uuid).collect();
        lists.push(("entries", sorted(ids), None));
        let page = views.memberships(ann, None, Some(&[ann]), 100, 0).await.unwrap();
        let ids = page.items.iter().map(|membership| membership.conversation).collect();
        lists.push(("memberships", sorted(ids), page.total));
        lists
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_that_is_not_served_is_in_no_list_and_no_total() {
    let given = one_of_each().await;
    for (place, (withheld, served)) in OTHERS.into_iter().enumerate() {
        let mut expected: Vec<ConversationId> =
            given.conversations.iter().map(|(id, _)| *id).collect();
        let (gone, views) = (expected.remove(place), given.views.of_kinds(served));
        for (list, found, total) in given.lists(&views).await {
            assert_eq!(found, sorted(expected.clone()), "{list} without {withheld:?}");
            assert!(total.is_none_or(|total| total == 2), "{list} without {withheld:?}: {total:?}");
        }
        let groups = views.groups(given.ann, Cursor::Top, 100).await.unwrap();
        assert!(groups.items.iter().all(|group| group.conversation.uuid != gone), "{withheld:?}");
        let contacts = views.contacts(AccountId::FIRST, given.ann, Cursor::Top, 100).await.unwrap();
        let is_of_private = withheld != Kind::Private;
        assert!(contacts.items.iter().all(|one| one.conversation.is_some() == is_of_private));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_that_is_not_served_is_not_counted_as_unread() {
    let given = one_of_each().await;
    let all = UnreadCounts { private: 1, room: 1, contextual: 1 };
    assert_eq!(given.views.unread_counts(given.ann).await.unwrap(), all);
    for (withheld, served) in OTHERS {
        let expected = match withheld {
            Kind::Private => UnreadCounts { private: 0, ..all },
            Kind::Room => UnreadCounts { room: 0, ..all },
            Kind::Contextual => UnreadCounts { contextual: 0, ..all },
            Kind::Support => unreachable!("it has no members"),
        };
        let counts = given.views.of_kinds(served).unread_counts(given.ann).await.unwrap();
        assert_eq!(counts, expected);
    }
}

/// What is found of one conversation and its message, by every way to name them.
async fn found(
    views: &Views,
    given: &OneOfEach,
    (id, number): (ConversationId, PublicId),
) -> Vec<bool> {
    let (ann, bob) = (given.ann, given.bob);
    let posted = given.views.message(AccountId::FIRST, number).await.unwrap().unwrap().message;
    let message = posted.uuid;
    let shared = given.views.conversation(id).await.unwrap().unwrap();
    let participation = domain::participation_id(id, bob);
    let mut found = vec![
        views.conversation(id).await.unwrap().is_some(),
        views.member_state(ann, id).await.unwrap().is_some(),
        views.entry(ann, id).await.unwrap().is_some(),
        !views.chats_of(ann, &[id]).await.unwrap().is_empty(),
        views.membership(ann, participation).await.unwrap().is_some(),
        views.message(AccountId::FIRST, number).await.unwrap().is_some(),
        !views.messages_of(AccountId::FIRST, &[message]).await.unwrap().is_empty(),
        !views.messages(id, true, 10, 0).await.unwrap().items.is_empty(),
        !views.search_messages(id, "hello", true, 10, 0).await.unwrap().items.is_empty(),
        views.conversation_id(AccountId::FIRST, shared.number).await.unwrap() == Some(id),
        views.message_number(id, message).await.unwrap() == Some(number),
        views.newest_until(id, posted.created_at).await.unwrap() == Some(number),
        views.has_message(id, number).await.unwrap(),
        !views.reads(ann, id, Cursor::Top, 10).await.unwrap().items.is_empty(),
    ];
    for viewer in [Viewer::User(ann), Viewer::Service] {
        found.push(views.view(AccountId::FIRST, viewer, id, true).await.unwrap().is_some());
    }
    for name in [Name::Uuid(message), Name::Number(number)] {
        found.push(views.read(AccountId::FIRST, ann, name).await.unwrap().is_some());
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_kind_that_is_not_served_is_found_by_its_id() {
    let given = one_of_each().await;
    for (withheld, served) in OTHERS {
        let views = given.views.of_kinds(served);
        for (kind, conversation) in KINDS.into_iter().zip(given.conversations.iter().copied()) {
            let found = found(&views, &given, conversation).await;
            let is_served = kind != withheld;
            assert!(found.iter().all(|one| *one == is_served), "{kind:?} of {served:?}: {found:?}");
            let group = views.group(given.ann, conversation.0).await.unwrap();
            assert_eq!(group.is_some(), is_served && kind != Kind::Private);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_keeps_to_the_kinds_of_its_surface() {
    let given = one_of_each().await;
    for surface in [Surface::Weavy, Surface::Protocol, Surface::Pulse, Surface::Chatwoot] {
        let views = given.views.for_answer(AccountId::FIRST, surface);
        let is_served = |(kind, _): &(Kind, ConversationId)| served_kinds(surface).contains(kind);
        let ids = given.conversations.iter().map(|(id, _)| *id);
        let expected = KINDS.into_iter().zip(ids).filter(is_served).map(|(_, id)| id);
        let expected = sorted(expected.collect());
        for (list, found, total) in given.lists(&views).await {
            assert_eq!(found, expected, "{list} of {surface:?}");
            assert!(total.is_none_or(|total| total == expected.len() as i64), "{list}: {total:?}");
        }
    }
}
