use domain::conversation::Command::{AddMember, RemoveMember, TagConversation, TrashConversation};
use domain::conversation::Kind;
use domain::participation::ChangeCommand;
use sqlx::{Executor, PgPool};
use uuid::Uuid;

use super::query::page_sql;
use super::{Filter, Viewer, get, list, number, seat};
use crate::tests::{World, create};

async fn ids(pool: &PgPool, user: Uuid, filter: Filter) -> Vec<i64> {
    let page = list(pool, 1, user, &Filter { top: 100, ..filter }).await.unwrap();
    page.items.into_iter().map(|view| view.id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_choose_by_tag_trash_kind_and_context() {
    let mut world = World::new().await;
    let (ann, bob) = (world.register("ann").await, world.register("bob").await);
    let tagged = world.room(&[ann, bob]).await;
    world.tell(tagged, TagConversation { tags: vec!["Urgent".to_owned()] }).await;
    let trashed = world.room(&[ann, bob]).await;
    world.tell(trashed, TrashConversation).await;
    let contextual = domain::contextual_chat_id(1, "order-1", 0);
    world.tell(contextual, create(Kind::Contextual, &[ann, bob], Some("order-1"))).await;
    let pool = world.project().await;
    let id = async |uuid| number(pool, 1, uuid).await.unwrap().unwrap();
    let (tagged, trashed, contextual) = (id(tagged).await, id(trashed).await, id(contextual).await);

    let present = Filter { trashed: Some(false), ..Filter::default() };
    assert_eq!(ids(pool, ann, present.clone()).await, [contextual, tagged]);
    let both = Filter::default();
    assert_eq!(ids(pool, ann, both.clone()).await, [contextual, trashed, tagged]);
    assert_eq!(ids(pool, ann, Filter { trashed: Some(true), ..both.clone() }).await, [trashed]);
    let tag = |tag: &str| Filter { tag: Some(tag.to_owned()), ..Filter::default() };
    assert_eq!(ids(pool, ann, tag("urgent")).await, [tagged]);
    assert_eq!(ids(pool, ann, tag("urg")).await, [] as [i64; 0]);
    assert_eq!(
        ids(pool, ann, Filter { contextual: Some(true), ..both.clone() }).await,
        [contextual]
    );
    assert_eq!(ids(pool, ann, Filter { kind: Some(Kind::Room), ..both }).await, [trashed, tagged]);
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
    let pool = world.project().await.clone();
    let id = number(&pool, 1, room).await.unwrap().unwrap();
    assert!(get(&pool, 1, Viewer::User(bob), id, false).await.unwrap().is_none());
    assert_eq!(seat(&pool, 1, bob, id).await.unwrap(), None);

    world.tell(room, AddMember { user: bob }).await;
    world.project().await;
    let view = get(&pool, 1, Viewer::User(bob), id, false).await.unwrap().unwrap();
    assert!(!view.is_pinned && view.is_unread && view.is_subscribed);
}

/// Ten thousand conversations of one user, and what the planner makes of a page of them.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_a_long_list_is_an_index_range() {
    let mut world = World::new().await;
    let ann = world.register("ann").await;
    let pool = world.project().await;
    sqlx::query(
        "insert into inbox.seats (user_id, conversation, membership, id, kind, trashed, newest_id, others_id,
                                  marker, pinned)
         select case when n % 2 = 0 then $1 else gen_random_uuid() end, gen_random_uuid(), n, n, 'room', false,
                n, n, case when n % 50 > 1 then n end, case when n % 100 = 0 then n end
         from generate_series(1, 20000) n",
    )
    .bind(ann)
    .execute(pool)
    .await
    .unwrap();
    pool.execute(
        "insert into conversation_list.conversations
             (uuid, account_id, id, kind, tags, created_at, modified_at)
         select conversation, 1, id, kind, '{}', now(), now() from inbox.seats;
         analyze inbox.seats; analyze conversation_list.conversations",
    )
    .await
    .unwrap();
    for (unread, index) in [
        (None, "seats_in_list_order"),
        (Some(true), "seats_unread_in_list_order"),
        (Some(false), "seats_in_list_order"),
    ] {
        let filter = Filter { unread, trashed: Some(false), top: 25, ..Filter::default() };
        let plan: Vec<String> = sqlx::query_scalar(&format!("explain {}", page_sql(&filter)))
            .bind(1_i64)
            .bind(ann)
            .bind(None::<&str>)
            .bind(None::<&str>)
            .bind(None::<&str>)
            .bind(25_i64)
            .bind(0_i64)
            .fetch_all(pool)
            .await
            .unwrap();
        let plan = plan.join("\n");
        assert!(plan.contains(&format!("Index Scan using {index} on seats s")), "{plan}");
        assert!(!plan.contains("Sort Key: s."), "{plan}");
        assert!(!plan.contains("Seq Scan on seats"), "{plan}");
        assert!(!plan.contains("Seq Scan on conversations"), "{plan}");
    }
}
