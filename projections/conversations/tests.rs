use domain::conversation::Command::{
    AddMember, RenameConversation, RestoreConversation, TagConversation, TrashConversation,
};
use domain::{ConversationId, UserId};
use sqlx::PgPool;

use crate::tests::World;

async fn modified_by(pool: &PgPool, room: ConversationId) -> (bool, Option<UserId>) {
    sqlx::query_as(
        "select modified_at > created_at, modified_by
         from conversations
         where uuid = $1",
    )
    .bind(room)
    .fetch_one(pool)
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_and_the_trash_are_no_modification_but_name_tags_and_members_are() {
    let mut world = World::new().await;
    let (ann, bob) = (world.register("ann").await, world.register("bob").await);
    let cyd = world.register("cyd").await;
    for change in [
        RenameConversation { name: Some("Team".into()) },
        TagConversation { tags: vec!["a".to_owned()] },
        AddMember { user: cyd },
    ] {
        // In this world the actor of each command is Ann; Bob is given as the room's creator.
        let room = world.room(&[bob, ann]).await;
        world.say(room, bob, "hi").await;
        world.tell(room, TrashConversation).await;
        world.project().await;
        assert_eq!(modified_by(world.pool(), room).await, (false, Some(bob)));
        world.tell(room, RestoreConversation).await;
        assert!(world.tell(room, change).await);
        world.project().await;
        assert_eq!(modified_by(world.pool(), room).await, (true, Some(ann)));
    }
}
