use domain::{AccountId, ConversationId, PublicId};
use uuid::Uuid;

use crate::tests::World;

#[tokio::test(flavor = "multi_thread")]
async fn messages_come_in_posting_order_or_newest_first_with_their_authors() {
    let mut world = World::new().await;
    let (ann, bob) = (world.register("ann").await, world.register("bob").await);
    let room = world.room(&[ann, bob]).await;
    let first = world.say(room, ann, "one").await;
    let second = world.say(room, bob, "ÄTWO").await;
    let views = world.project().await;

    let page = views.messages(room, false, 25, 0).await.unwrap();
    assert_eq!(page.total, Some(2));
    let posted: Vec<_> = page
        .items
        .iter()
        .map(|shown| (shown.message.id, shown.message.text.as_str(), shown.author.uid.as_str()))
        .collect();
    assert_eq!(posted, [(first, "one", "ann"), (second, "ÄTWO", "bob")]);
    let newest = views.messages(room, true, 1, 0).await.unwrap();
    let ids: Vec<PublicId> = newest.items.iter().map(|shown| shown.message.id).collect();
    assert_eq!((ids, newest.total), (vec![second], Some(2)));
    assert!(
        views.message(AccountId::new(2), first).await.unwrap().is_none(),
        "another account sees nothing"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_finds_every_part_of_a_text_and_counts_what_it_finds() {
    let mut world = World::new().await;
    let ann = world.register("ann").await;
    let (room, other) = (world.room(&[ann]).await, world.room(&[ann]).await);
    let mut said = Vec::new();
    for text in ["Ärger am Montag", "a 100% b_c", "MONTAG, \\ oder nie", "漢字"] {
        said.push(world.say(room, ann, text).await);
        world.say(other, ann, text).await;
    }
    let views = world.project().await;
    let found = async |q, descending, top, skip| {
        let page = views.search_messages(room, q, descending, top, skip).await.unwrap();
        let ids = page.items.iter().map(|shown| shown.message.id);
        let places = ids.map(|id| said.iter().position(|one| *one == id).unwrap());
        (places.collect::<Vec<_>>(), page.total.unwrap())
    };
    for (q, places) in [
        ("montag", vec![0, 2]),
        ("ÄRGER A", vec![0]),
        ("ä", vec![0]),
        ("00% B_", vec![1]),
        ("0%_", vec![]),
        ("tag, \\", vec![2]),
        ("字", vec![3]),
        ("friday", vec![]),
    ] {
        let total = places.len() as i64;
        assert_eq!(found(q, false, 25, 0).await, (places, total), "{q}");
    }
    assert_eq!(found("montag", true, 1, 0).await, (vec![2], 2));
    assert_eq!(found("montag", true, 1, 1).await, (vec![0], 2));
    assert_eq!(found("montag", true, 1, 2).await, (vec![], 2), "beyond the end");
    assert_eq!(found("montag", true, 0, 0).await, (vec![], 2), "counted only");
}

#[tokio::test(flavor = "multi_thread")]
async fn there_are_no_messages_where_there_is_no_conversation() {
    let views = World::new().await.project().await;
    let none = views.messages(ConversationId::new(Uuid::nil()), false, 25, 0).await.unwrap();
    assert_eq!((none.items.len(), none.total), (0, Some(0)));
    assert!(views.message(AccountId::FIRST, PublicId::new(0)).await.unwrap().is_none());
}
