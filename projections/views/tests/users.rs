use domain::user::{Command, Profile};
use domain::{AccountId, PublicId};

use crate::tests::World;
use crate::views::Reference;

#[tokio::test(flavor = "multi_thread")]
async fn an_update_changes_what_it_names_and_leaves_the_rest() {
    let mut world = World::new().await;
    let ann = world.register("ann").await;
    let profile = Profile { email: Some("ann@host.example".into()), ..Profile::default() };
    world.update_user(ann, Command::UpdateUser { profile }).await;
    let views = world.project().await;
    let found = views.user_by_uid(AccountId::FIRST, "ann").await.unwrap().unwrap();
    assert_eq!(
        (found.name.as_deref(), found.email.as_deref()),
        (Some("Ann"), Some("ann@host.example"))
    );
    assert_eq!(views.user_by_id(AccountId::FIRST, found.id).await.unwrap().unwrap().uid, "ann");
    let elsewhere = views.user_by_uid(AccountId::new(2), "ann").await.unwrap();
    assert!(elsewhere.is_none(), "another account has no such user");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_is_a_uid_first_and_a_number_only_if_nobody_has_that_uid() {
    let mut world = World::new().await;
    let first = world.register("ann").await;
    let one = world.register("1").await;
    let views = world.project().await;
    let text = |text: &str| Reference::Text(text.to_owned());
    let references = [
        Reference::Id(PublicId::new(1)),
        text("1"),
        text("2"),
        text("ann"),
        text("x"),
        Reference::Id(PublicId::new(9)),
    ];
    let found = views.resolve(AccountId::FIRST, &references).await.unwrap();
    assert_eq!(found, [Some(first), Some(one), Some(one), Some(first), None, None]);
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_listed_by_name() {
    let mut world = World::new().await;
    for uid in ["cyd", "ann", "bob"] {
        world.register(uid).await;
    }
    let views = world.project().await;
    let page = views.users(AccountId::FIRST, None, None, 2, 1).await.unwrap();
    let names: Vec<&str> = page.items.iter().map(|user| user.display_name()).collect();
    assert_eq!((names, page.total), (vec!["Bob", "Cyd"], Some(3)));
    assert_eq!(views.users(AccountId::FIRST, Some("B"), None, 25, 0).await.unwrap().total, Some(1));
}

/// The search text is no pattern.
#[tokio::test(flavor = "multi_thread")]
async fn a_search_for_users_takes_every_character_as_it_is() {
    let mut world = World::new().await;
    for uid in ["a_b", "axb", "50%", "500", "c\\d"] {
        world.register(uid).await;
    }
    let views = world.project().await;
    for (q, expected) in [("a_b", 1), ("0%", 1), ("c\\d", 1), ("50", 2), ("%", 1), ("_", 1)] {
        let page = views.users(AccountId::FIRST, Some(q), None, 25, 0).await.unwrap();
        assert_eq!((page.items.len(), page.total), (expected as usize, Some(expected)), "{q}");
    }
}
