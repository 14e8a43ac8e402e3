use domain::conversation::Command::{AddMember, RemoveMember, TagConversation, TrashConversation};
use domain::conversation::Kind;
use domain::participation::ChangeCommand;
use domain::{AccountId, ConversationId, UserId};

use crate::Views;
use crate::tests::{KINDS, World, create};
use crate::views::{Filter, Viewer};

fn all() -> Filter {
    Filter { kinds: KINDS.to_vec(), top: 100, ..Filter::default() }
}

async fn listed(views: &Views, user: UserId, filter: Filter) -> Vec<ConversationId> {
    let page = views.list(user, &filter).await.unwrap();
    assert_eq!(page.total, Some(page.items.len() as i64));
    page.items.iter().map(|view| view.conversation.uuid).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_choose_by_tag_trash_and_kind() {
    let mut world = World::new().await;
    let (ann, bob) = (world.register("ann").await, world.register("bob").await);
    let tagged = world.room(&[ann, bob]).await;
    world.tell(tagged, TagConversation { tags: vec!["Urgent".to_owned()] }).await;
    let trashed = world.room(&[ann, bob]).await;
    world.tell(trashed, TrashConversation).await;
    let contextual = domain::contextual_chat_id(AccountId::FIRST, "order-1", 0);
    world.tell(contextual, create(Kind::Contextual, &[ann, bob], Some("order-1"))).await;
    let views = world.project().await;

    let present = Filter { trashed: Some(false), ..all() };
    assert_eq!(listed(&views, ann, present).await, [contextual, tagged]);
    assert_eq!(listed(&views, ann, all()).await, [contextual, trashed, tagged]);
    assert_eq!(listed(&views, ann, Filter { trashed: Some(true), ..all() }).await, [trashed]);
    let tag = |tag: &str| Filter { tag: Some(tag.to_owned()), ..all() };
    assert_eq!(listed(&views, ann, tag("urgent")).await, [tagged]);
    assert_eq!(listed(&views, ann, tag("urg")).await, [] as [ConversationId; 0]);
    let of = |kind| Filter { kinds: vec![kind], ..all() };
    assert_eq!(listed(&views, ann, of(Kind::Contextual)).await, [contextual]);
    assert_eq!(listed(&views, ann, of(Kind::Room)).await, [trashed, tagged]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_none_is_counted() {
    let mut world = World::new().await;
    let ann = world.register("ann").await;
    world.room(&[ann]).await;
    let views = world.project().await;
    let page = views.list(ann, &Filter { top: 0, ..all() }).await.unwrap();
    assert_eq!((page.items.len(), page.total), (0, Some(1)));
    let page = views.list(ann, &Filter { skip: 1, ..all() }).await.unwrap();
    assert_eq!((page.items.len(), page.total), (0, Some(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_starts_afresh() {
    let mut world = World::new().await;
    let (ann, bob) = (world.register("ann").await, world.register("bob").await);
    let room = world.room(&[ann, bob]).await;
    let said = world.say(room, ann, "hi").await;
    world.change(room, bob, ChangeCommand::PinConversation).await;
    world.change(room, bob, ChangeCommand::MarkRead { message: Some(said) }).await;
    world.tell(room, RemoveMember { user: bob }).await;
    let views = world.project().await;
    assert!(views.view(AccountId::FIRST, Viewer::User(bob), room, false).await.unwrap().is_none());
    assert!(views.member_state(bob, room).await.unwrap().is_none());

    world.tell(room, AddMember { user: bob }).await;
    let views = world.project().await;
    let view = views.view(AccountId::FIRST, Viewer::User(bob), room, false).await.unwrap().unwrap();
    let state = view.state.unwrap();
    assert!(state.pinned.is_none() && view.is_unread && state.subscribed);
}
