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

    let page = views.messages(room, None, false, 25, 0).await.unwrap();
    assert_eq!(page.total, Some(2));
    let posted: Vec<_> = page
        .items
        .iter()
        .map(|shown| (shown.message.id, shown.message.text.as_str(), shown.author.uid.as_str()))
        .collect();
    assert_eq!(posted, [(first, "one", "ann"), (second, "ÄTWO", "bob")]);
    let newest = views.messages(room, None, true, 1, 0).await.unwrap();
    let ids: Vec<i64> = newest.items.iter().map(|shown| shown.message.id).collect();
    assert_eq!((ids, newest.total), (vec![second], Some(2)));
    let found = views.messages(room, Some("ätwo"), false, 25, 0).await.unwrap();
    assert_eq!((found.items[0].message.id, found.total), (second, Some(1)));
    assert!(views.message(2, first).await.unwrap().is_none(), "another account sees nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn there_are_no_messages_where_there_is_no_conversation() {
    let views = World::new().await.project().await;
    let none = views.messages(Uuid::nil(), None, false, 25, 0).await.unwrap();
    assert_eq!((none.items.len(), none.total), (0, Some(0)));
    assert!(views.message(1, 0).await.unwrap().is_none());
}
