use domain::conversation::Command::{AddMember, RemoveMember, TagConversation, TrashConversation};
use domain::conversation::Kind;
use domain::participation::ChangeCommand;
use serde_json::Value;
use sqlx::{Execute, Executor, PgPool, Postgres, QueryBuilder};
use uuid::Uuid;

use super::chat::page;
use super::entry::entries_sql;
use super::group::groups_sql;
use super::query::page_sql;
use super::{
    Choice, Column, Filter, Flags, Viewer, activity, chats, entries, get, groups, list, number,
    seat,
};
use crate::Cursor;
use crate::tests::{World, create, every_choice_of_flags};

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
        "insert into inbox.seats (user_id, conversation, membership, id, kind, trashed, changed_at, newest_id, others_id,
                                  marker, pinned)
         select case when n % 2 = 0 then $1 else gen_random_uuid() end, gen_random_uuid(), n, n, 'room', false, now(),
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
         insert into inbox.conversations (uuid, account_id, id, kind, created_at, changed_at)
         select conversation, 1, id, kind, now(), now() from inbox.seats;
         analyze inbox.seats; analyze inbox.conversations; analyze conversation_list.conversations",
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

/// Every node of a plan, as PostgreSQL describes it.
fn nodes(plan: &Value) -> Vec<&Value> {
    let below = plan["Plans"].as_array().into_iter().flatten();
    std::iter::once(plan).chain(below.flat_map(nodes)).collect()
}

/// Whatever the flags, and wherever the page begins, no more of ten thousand conversations is read and merged
/// than the page's length for each value of the flags.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_by_activity_is_a_few_index_ranges_whatever_the_flags() {
    let mut world = World::new().await;
    let ann = world.register("ann").await;
    let pool = world.project().await;
    sqlx::query(
        "insert into inbox.seats (user_id, conversation, membership, id, kind, trashed, changed_at, newest_id, muted,
                                  archived_at, pinned)
         select case when n % 2 = 0 then $1 else gen_random_uuid() end, gen_random_uuid(), n, n, 'room', false, now(),
                case when n % 3 > 0 then n + 20000 end, n % 5 = 0, case when n % 7 = 0 then now() end,
                case when n % 11 = 0 then n end
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
         insert into inbox.conversations (uuid, account_id, id, kind, created_at, changed_at)
         select conversation, 1, id, kind, now(), now() from inbox.seats;
         insert into inbox.messages (uuid, conversation, id, author, at)
         select gen_random_uuid(), conversation, newest_id, gen_random_uuid(), now()
         from inbox.seats where newest_id is not null;
         analyze",
    )
    .await
    .unwrap();
    let limit = 11;
    for flags in every_choice_of_flags() {
        for cursor in [Cursor::Top, Cursor::After(25_000), Cursor::Before(25_000)] {
            let explain =
                format!("explain (analyze, timing off, format json) {}", entries_sql(cursor));
            let plan: Value = sqlx::query_scalar(&explain)
                .bind(ann)
                .bind(flags.matching())
                .bind(cursor.number())
                .bind(limit)
                .fetch_one(pool)
                .await
                .unwrap();
            let nodes = nodes(&plan[0]["Plan"]);
            let read = |node: &Value| {
                (node["Actual Rows"].as_i64().unwrap() + 1) * node["Actual Loops"].as_i64().unwrap()
            };
            let seats: Vec<_> = nodes.iter().filter(|n| n["Relation Name"] == "seats").collect();
            assert_eq!(seats.len(), 1, "{plan:#}");
            assert_eq!(seats[0]["Index Name"], "seats_by_activity", "{plan:#}");
            assert!(seats[0].get("Filter").is_none(), "{plan:#}");
            for node in &nodes {
                assert_ne!(node["Node Type"], "Seq Scan", "{flags:?} {plan:#}");
                assert!(read(node) <= 8 * (limit + 1), "{flags:?} {cursor:?} {plan:#}");
            }
        }
    }
    for (sql, index) in [
        (groups_sql(Cursor::Top), "seats_in_groups"),
        (groups_sql(Cursor::Before(15_000)), "seats_in_groups"),
    ] {
        let plan: Vec<String> = sqlx::query_scalar(&format!("explain {sql}"))
            .bind(ann)
            .bind(15_000_i64)
            .bind(limit)
            .fetch_all(pool)
            .await
            .unwrap();
        let plan = plan.join("\n");
        assert!(plan.contains(&format!("using {index} on seats s")), "{plan}");
        assert!(!plan.contains("Seq Scan on seats"), "{plan}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn slices_walk_the_list_both_ways() {
    let mut world = World::new().await;
    let (ann, bob) = (world.register("ann").await, world.register("bob").await);
    let mut rooms = Vec::new();
    for _ in 0..7 {
        rooms.insert(0, world.room(&[ann, bob]).await);
    }
    world.change(rooms[2], ann, ChangeCommand::PinConversation).await;
    let pool = world.project().await;
    let slice = async |cursor, limit| {
        let slice = entries(pool, ann, Flags::default(), cursor, limit).await.unwrap();
        let ids: Vec<Uuid> = slice.items.iter().map(|entry| entry.conversation).collect();
        (ids, slice.has_more)
    };
    let at = async |room| activity(pool, ann, room).await.unwrap().unwrap();
    assert_eq!(slice(Cursor::Top, 3).await, (rooms[..3].to_vec(), true));
    assert_eq!(slice(Cursor::After(at(rooms[2]).await), 3).await, (rooms[3..6].to_vec(), true));
    assert_eq!(slice(Cursor::After(at(rooms[5]).await), 3).await, (rooms[6..].to_vec(), false));
    assert_eq!(slice(Cursor::Before(at(rooms[5]).await), 3).await, (rooms[2..5].to_vec(), true));
    assert_eq!(slice(Cursor::Before(at(rooms[2]).await), 3).await, (rooms[..2].to_vec(), false));
    let found = groups(pool, ann, Cursor::Top, 3).await.unwrap();
    let found: Vec<Uuid> = found.items.iter().map(|group| group.conversation).collect();
    assert_eq!(found, rooms[..3]);
    assert_eq!(activity(pool, domain::user_id(1, "eve"), rooms[0]).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn chats_that_changed_at_the_same_time_are_in_the_order_of_their_ids() {
    let mut world = World::new().await;
    let (ann, bob) = (world.register("ann").await, world.register("bob").await);
    let mut rooms = Vec::new();
    for _ in 0..6 {
        rooms.push(world.room(&[ann, bob]).await);
    }
    let pool = world.project().await;
    pool.execute("update inbox.seats set changed_at = '2026-01-01T00:00:00Z'").await.unwrap();
    rooms.sort();
    for descending in [false, true] {
        let mut listed = Vec::new();
        for offset in 0..6 {
            let order = vec![(Column::ChangedAt, descending)];
            let choice = Choice { order, limit: 1, offset, ..Choice::default() };
            let page = chats(pool, ann, &choice).await.unwrap();
            assert_eq!(page.total, Some(6));
            listed.push(page.items[0].conversation);
        }
        assert_eq!(listed, rooms);
    }
}

/// Ten thousand private chats of one user among other people's.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_chats_and_a_search_for_a_peer_use_their_indexes() {
    let mut world = World::new().await;
    let ann = world.register("ann").await;
    let pool = world.project().await;
    pool.execute(
        "insert into directory.users (uuid, account_id, id, uid, name, tags, created_at, modified_at)
         select gen_random_uuid(), 1, n, 'user-' || n, md5(n::text), '{}', now(), now()
         from generate_series(10, 20000) n",
    )
    .await
    .unwrap();
    sqlx::query(
        "insert into inbox.seats (user_id, conversation, membership, id, kind, other, trashed, changed_at)
         select case when id % 2 = 0 then $1 else gen_random_uuid() end, gen_random_uuid(), id, id, 'private',
                uuid, false, now() - id * interval '1 second'
         from directory.users where id > 5",
    )
    .bind(ann)
    .execute(pool)
    .await
    .unwrap();
    pool.execute(
        "insert into conversation_list.conversations
             (uuid, account_id, id, kind, tags, created_at, modified_at)
         select conversation, 1, id, kind, '{}', now(), now() from inbox.seats;
         insert into inbox.conversations (uuid, account_id, id, kind, created_at, changed_at)
         select conversation, 1, id, kind, now(), now() from inbox.seats;
         analyze",
    )
    .await
    .unwrap();
    let latest = vec![(Column::ChangedAt, true)];
    for (private, index) in [(Some(true), "private_seats_by_change"), (None, "seats_by_change")] {
        let choice = Choice { private, order: latest.clone(), limit: 25, ..Choice::default() };
        let plan = explain(pool, page(ann, &choice)).await;
        assert!(plan.contains(&format!("using {index} on seats s")), "{plan}");
        assert!(!plan.contains("Seq Scan on seats"), "{plan}");
        assert!(!plan.contains("Sort Key: s.changed_at"), "{plan}");
    }
    let peer = Some("user-1234".to_owned());
    let choice =
        Choice { private: Some(true), peer, order: latest, limit: 25, ..Choice::default() };
    let plan = explain(pool, page(ann, &choice)).await;
    assert!(plan.contains("users_by_part_of_name"), "{plan}");
    assert!(!plan.contains("Seq Scan on users"), "{plan}");
    let found = chats(pool, ann, &choice).await.unwrap();
    assert_eq!(found.total, Some(6), "1234, and those of 12340 to 12348 that are even");
}

async fn explain(pool: &PgPool, mut statement: QueryBuilder<'_, Postgres>) -> String {
    let explain = format!("explain {}", statement.sql());
    let arguments = statement.build().take_arguments().unwrap().unwrap();
    let plan: Vec<String> =
        sqlx::query_scalar_with(&explain, arguments).fetch_all(pool).await.unwrap();
    plan.join("\n")
}
