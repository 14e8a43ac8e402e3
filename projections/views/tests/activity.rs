use domain::participation::ChangeCommand;
use domain::{AccountId, ConversationId};

use crate::Cursor;
use crate::tests::World;
use crate::views::Flags;

#[tokio::test(flavor = "multi_thread")]
async fn slices_walk_the_list_both_ways() {
    let mut world = World::new().await;
    let (ann, bob) = (world.register("ann").await, world.register("bob").await);
    let mut rooms = Vec::new();
    for _ in 0..7 {
        rooms.insert(0, world.room(&[ann, bob]).await);
    }
    world.change(rooms[2], ann, ChangeCommand::PinConversation).await;
    let views = world.project().await;
    let slice = async |cursor, limit| {
        let slice = views.entries(ann, Flags::default(), cursor, limit).await.unwrap();
        let ids: Vec<ConversationId> =
            slice.items.iter().map(|entry| entry.conversation.uuid).collect();
        (ids, slice.has_more)
    };
    let at = async |room| views.rank(ann, room).await.unwrap().unwrap();
    assert_eq!(slice(Cursor::Top, 3).await, (rooms[..3].to_vec(), true));
    assert_eq!(slice(Cursor::After(at(rooms[2]).await), 3).await, (rooms[3..6].to_vec(), true));
    assert_eq!(slice(Cursor::After(at(rooms[5]).await), 3).await, (rooms[6..].to_vec(), false));
    assert_eq!(slice(Cursor::Before(at(rooms[5]).await), 3).await, (rooms[2..5].to_vec(), true));
    assert_eq!(slice(Cursor::Before(at(rooms[2]).await), 3).await, (rooms[..2].to_vec(), false));
    let found = views.groups(ann, Cursor::Top, 3).await.unwrap();
    let found: Vec<ConversationId> =
        found.items.iter().map(|group| group.conversation.uuid).collect();
    assert_eq!(found, rooms[..3]);
    assert_eq!(views.rank(domain::user_id(AccountId::FIRST, "eve"), rooms[0]).await.unwrap(), None);
}
