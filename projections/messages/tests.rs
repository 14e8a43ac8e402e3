use sqlx::Executor;
use uuid::Uuid;

use super::query::page_sql;
use super::read::reads_sql;
use super::{get, list};
use crate::tests::World;
use crate::{Cursor, inbox};

#[tokio::test(flavor = "multi_thread")]
async fn messages_come_in_posting_order_or_newest_first_with_their_authors() {
    let mut world = World::new().await;
    let (ann, bob) = (world.register("ann").await, world.register("bob").await);
    let room = world.room(&[ann, bob]).await;
    let first = world.say(room, ann, "one").await;
    let second = world.say(room, bob, "ÄTWO").await;
    let pool = world.project().await;
    let app = inbox::number(pool, 1, room).await.unwrap().unwrap();

    let page = list(pool, 1, app, None, false, 25, 0, true).await.unwrap();
    assert_eq!(page.total, Some(2));
    let said: Vec<_> =
        page.items.iter().map(|m| (m.id, m.text.as_str(), m.created_by.uid.as_str())).collect();
    assert_eq!(said, [(first, "one", "ann"), (second, "ÄTWO", "bob")]);
    let newest = list(pool, 1, app, None, true, 1, 0, false).await.unwrap();
    assert_eq!((newest.items[0].id, newest.total), (second, None));
    let found = list(pool, 1, app, Some("ätwo"), false, 25, 0, true).await.unwrap();
    assert_eq!((found.items[0].id, found.total), (second, Some(1)));
    assert!(get(pool, 2, first).await.unwrap().is_none(), "another account sees nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_a_long_conversation_is_an_index_range() {
    let world = World::new().await;
    let pool = world.project().await;
    pool.execute(
        "insert into messages.messages (id, uuid, account_id, conversation, app_id, author, text, tags, created_at)
         select n, gen_random_uuid(), 1, gen_random_uuid(), n % 400, gen_random_uuid(), 'hi', '{}', now()
         from generate_series(1, 20000) n;
         analyze messages.messages",
    )
    .await
    .unwrap();
    for descending in [false, true] {
        let plan: Vec<String> = sqlx::query_scalar(&format!("explain {}", page_sql(descending)))
            .bind(1_i64)
            .bind(1_i64)
            .bind(None::<&str>)
            .bind(25_i64)
            .bind(0_i64)
            .fetch_all(pool)
            .await
            .unwrap();
        let plan = plan.join("\n");
        assert!(plan.contains("messages_of_a_conversation"), "{plan}");
        assert!(!plan.contains("Sort") && !plan.contains("Seq Scan on messages"), "{plan}");
    }
    pool.execute(
        "insert into inbox.seats (user_id, conversation, membership, id, kind, trashed, changed_at)
         select author, conversation, id, id, 'room', false, now() from messages.messages;
         insert into inbox.marks (user_id, conversation, top, position, at)
         select author, conversation, id, id + 1, now() from messages.messages;
         insert into directory.users (uuid, account_id, id, uid, tags, created_at, modified_at)
         select author, 1, id, id::text, '{}', now(), now() from messages.messages;
         analyze",
    )
    .await
    .unwrap();
    for cursor in [Cursor::Top, Cursor::Before(15_000)] {
        let plan: Vec<String> = sqlx::query_scalar(&format!("explain {}", reads_sql(cursor)))
            .bind(Uuid::nil())
            .bind(1_i64)
            .bind(cursor.number())
            .bind(11_i64)
            .fetch_all(pool)
            .await
            .unwrap();
        let plan = plan.join("\n");
        for index in ["messages_of_a_conversation", "marks_in_log_order", "marks_one_per_top"] {
            assert!(plan.contains(index), "{index}: {plan}");
        }
        assert!(!plan.contains("Seq Scan"), "{plan}");
    }
    let none = list(pool, 1, i64::MAX, None, false, 25, 0, true).await.unwrap();
    assert_eq!((none.items.len(), none.total), (0, Some(0)));
    assert!(get(pool, 1, i64::from(Uuid::nil().as_bytes()[0])).await.unwrap().is_none());
}
