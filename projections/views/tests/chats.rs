use domain::AccountId;
use domain::conversation::Kind;
use sqlx::Executor;

use crate::tests::{KINDS, World, create};
use crate::views::{Choice, Column};

#[tokio::test(flavor = "multi_thread")]
async fn chats_that_changed_at_the_same_time_are_in_the_order_of_their_ids() {
    let mut world = World::new().await;
    let (ann, bob) = (world.register("ann").await, world.register("bob").await);
    let mut rooms = Vec::new();
    for _ in 0..6 {
        rooms.push(world.room(&[ann, bob]).await);
    }
    let views = world.project().await;
    world
        .pool()
        .execute(
            "update memberships set changed_at = '2026-01-01T00:00:00Z';
             update conversations set changed_at = '2026-01-01T00:00:00Z'",
        )
        .await
        .unwrap();
    rooms.sort();
    for descending in [false, true] {
        let mut listed = Vec::new();
        for offset in 0..6 {
            let order = vec![(Column::ChangedAt, descending)];
            let choice =
                Choice { kinds: KINDS.to_vec(), order, limit: 1, offset, ..Choice::default() };
            let page = views.chats(ann, &choice).await.unwrap();
            assert_eq!(page.total, Some(6));
            listed.push(page.items[0].conversation.uuid);
        }
        assert_eq!(listed, rooms);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_is_found_by_part_of_the_name_or_the_uid_whatever_the_case() {
    let mut world = World::new().await;
    let ann = world.register("ann").await;
    for uid in ["bob", "bobby", "cyd", "b_b"] {
        let other = world.register(uid).await;
        let chat = domain::private_chat_id(AccountId::FIRST, ann, other, 0);
        world.tell(chat, create(Kind::Private, &[ann, other], None)).await;
    }
    let views = world.project().await;
    for (peer, expected) in [("BOB", 2), ("bobby", 1), ("b_b", 1), ("dan", 0)] {
        let peer = Some(peer.to_owned());
        let kinds = vec![Kind::Private];
        let choice = Choice { kinds, peer: peer.clone(), limit: 25, ..Choice::default() };
        let page = views.chats(ann, &choice).await.unwrap();
        assert_eq!((page.items.len(), page.total), (expected as usize, Some(expected)), "{peer:?}");
    }
}
