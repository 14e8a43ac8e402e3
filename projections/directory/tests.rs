use domain::user::{Command, Profile};
use sqlx::Executor;

use super::contact::contacts_sql;
use super::{Reference, by_id, by_uid, list, resolve};
use crate::Cursor;
use crate::tests::World;

#[tokio::test(flavor = "multi_thread")]
async fn an_update_changes_what_it_names_and_leaves_the_rest() {
    let mut world = World::new().await;
    let ann = world.register("ann").await;
    let profile = Profile { email: Some("ann@host.example".into()), ..Profile::default() };
    world.update_user(ann, Command::UpdateUser { profile }).await;
    let pool = world.project().await;
    let found = by_uid(pool, 1, "ann").await.unwrap().unwrap();
    assert_eq!(
        (found.name.as_deref(), found.email.as_deref()),
        (Some("Ann"), Some("ann@host.example"))
    );
    assert_eq!(by_id(pool, 1, found.id).await.unwrap().unwrap().uid, "ann");
    assert!(by_uid(pool, 2, "ann").await.unwrap().is_none(), "another account has no such user");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_is_a_uid_first_and_a_number_only_if_nobody_has_that_uid() {
    let mut world = World::new().await;
    let first = world.register("ann").await;
    let one = world.register("1").await;
    let pool = world.project().await;
    let text = |text: &str| Reference::Text(text.to_owned());
    let references =
        [Reference::Id(1), text("1"), text("2"), text("ann"), text("x"), Reference::Id(9)];
    let found = resolve(pool, 1, &references).await.unwrap();
    assert_eq!(found, [Some(first), Some(one), Some(one), Some(first), None, None]);
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_listed_by_name() {
    let mut world = World::new().await;
    for uid in ["cyd", "ann", "bob"] {
        world.register(uid).await;
    }
    let pool = world.project().await;
    let page = list(pool, 1, None, 2, 1, true).await.unwrap();
    let names: Vec<&str> = page.items.iter().map(|user| user.display_name()).collect();
    assert_eq!((names, page.total), (vec!["Bob", "Cyd"], Some(3)));
    assert_eq!(list(pool, 1, Some("B"), 25, 0, true).await.unwrap().total, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_many_contacts_is_an_index_range() {
    let mut world = World::new().await;
    let ann = world.register("ann").await;
    let pool = world.project().await;
    pool.execute(
        "insert into directory.users (uuid, account_id, id, uid, tags, created_at, modified_at)
         select gen_random_uuid(), n % 2, n, n::text, '{}', now(), now() from generate_series(10, 20000) n;
         analyze directory.users",
    )
    .await
    .unwrap();
    for cursor in [Cursor::Top, Cursor::After(10_000), Cursor::Before(10_000)] {
        let plan: Vec<String> = sqlx::query_scalar(&format!("explain {}", contacts_sql(cursor)))
            .bind(ann)
            .bind(1_i64)
            .bind(cursor.number())
            .bind(11_i64)
            .fetch_all(pool)
            .await
            .unwrap();
        let plan = plan.join("\n");
        assert!(plan.contains("users_one_per_id"), "{plan}");
        assert!(!plan.contains("Seq Scan on users"), "{plan}");
    }
}
