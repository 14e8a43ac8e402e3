use domain::AccountId;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use sqlx::PgPool;

use super::{app, arrived, conversation};
use crate::harness::{Caller, Installation, Server, wait_until};

const CALLERS: usize = 32;

/// Thirty-two members of a room, each on one node or the other, and its creator.
async fn crowd(nodes: &[Server]) -> (Caller, Vec<Caller>, Value) {
    let [ann, _] = arrived(&nodes[0], ["ann", "zed"]).await;
    let uids: Vec<String> = (0..CALLERS).map(|n| format!("u{n}")).collect();
    for uid in &uids {
        nodes[0].key().post("/api/users", json!({"uid": uid})).await.expect(201);
    }
    let room = ann.create(json!([uids.clone(), vec!["zed".to_owned()]].concat())).await;
    let position = ann.get("/api/user").await.headers["colloquy-position"].clone();
    let mut members = Vec::new();
    for (n, uid) in uids.iter().enumerate() {
        let member = nodes[n % nodes.len()].caller(uid);
        let request = member.request(reqwest::Method::GET, "/api/user");
        let request = request.header("Colloquy-Position", position.clone());
        crate::harness::send(request).await.expect(200);
        members.push(member);
    }
    (ann, members, room)
}

async fn events(pool: &PgPool, types: &[&str]) -> Vec<String> {
    sqlx::query_scalar("select event_type from events where event_type = any($1) order by position")
        .bind(types.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
        .fetch_all(pool)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_many_do_at_once_happens_once() {
    let installation = Installation::new().await;
    let nodes = [installation.start(), installation.start()];
    let (ann, members, room) = crowd(&nodes).await;
    let pool = installation.pool().await;
    let path = app(&room, "/stars");
    let stars = (0..CALLERS).map(|_| ann.bare_post(&path));
    for answer in futures::future::join_all(stars).await {
        answer.expect(204);
    }
    assert_eq!(events(&pool, &["ConversationStarred"]).await, ["ConversationStarred"]);

    for (below, event, trashed) in
        [("/trash", "ConversationTrashed", true), ("/restore", "ConversationRestored", false)]
    {
        let path = app(&room, below);
        let asked = members.iter().map(|member| member.bare_post(&path));
        for answer in futures::future::join_all(asked).await {
            assert_eq!(answer.expect(200)["is_trashed"], trashed);
        }
        assert_eq!(events(&pool, &[event]).await, [event]);
    }

    ann.delete(&app(&room, "/members/zed")).await.expect(200);
    let path = app(&room, "/members");
    let asked = members.iter().map(|member| member.post(&path, json!(["zed"])));
    for answer in futures::future::join_all(asked).await {
        answer.expect(200);
    }
    assert_eq!(events(&pool, &["MemberAdded"]).await, ["MemberAdded"]);

    let init = json!({"app": {"uid": "doc", "type": "chat"}});
    let asked = members.iter().map(|member| member.post("/api/apps/init", init.clone()));
    let answers = futures::future::join_all(asked).await;
    let ids: Vec<Value> =
        answers.into_iter().map(|answer| answer.expect(200)["id"].clone()).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    let anew = json!({"uid": "new", "type": "chat"});
    let asked = members.iter().map(|member| member.post("/api/apps", anew.clone()));
    let answers = futures::future::join_all(asked).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.status == 400).count(), CALLERS - 1);
}

/// Whatever the order of the events is, there is one: each of them changes something, and what is
/// read meanwhile is the state at some moment.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_undone_at_once_is_torn_nowhere() {
    let installation = Installation::new().await;
    let nodes = [installation.start(), installation.start()];
    let (ann, members, room) = crowd(&nodes).await;
    let administrator = nodes[1].caller_with("zara", 1, "administrator");
    administrator.arrive().await;
    let acting = members.iter().enumerate().map(async |(n, member)| {
        let mut random = StdRng::seed_from_u64(n as u64);
        for _ in 0..8 {
            let (answer, ok) = match random.random_range(0..7) {
                0 => (member.bare_post(&app(&room, "/stars")).await, 204),
                1 => (member.delete(&app(&room, "/stars")).await, 204),
                2 => (member.bare_post(&app(&room, "/trash")).await, 200),
                3 | 4 => (member.bare_post(&app(&room, "/restore")).await, 200),
                5 => (member.put(&app(&room, "/members/zed")).await, 200),
                _ => (administrator.delete(&app(&room, "/members/zed")).await, 200),
            };
            assert!(answer.status == ok || answer.status == 404, "{}", answer.body);
            let seen = member.get(&conversation(&room, "?trashed=true")).await.expect(200);
            let count = seen["members"].as_array().unwrap().len();
            assert_eq!(seen["member_count"], count, "{seen}");
            let list = member.get("/api/conversations?trashed=null").await.expect(200);
            assert_eq!((&list["count"], &list["data"][0]["id"]), (&json!(1), &room["id"]));
        }
    });
    futures::future::join_all(acting).await;
    let pool = installation.pool().await;
    for pair in [["ConversationTrashed", "ConversationRestored"], ["MemberRemoved", "MemberAdded"]]
    {
        for (n, event) in events(&pool, &pair).await.iter().enumerate() {
            assert_eq!(event, pair[n % 2], "number {n}");
        }
    }
    ann.bare_post(&app(&room, "/restore")).await.expect(200);
    ann.put(&app(&room, "/members/zed")).await.expect(200);
    for (n, member) in members.iter().enumerate() {
        let stream = domain::participation_id(
            sqlx::query_scalar(
                "select aggregate_id::uuid from events where event_type = 'ConversationCreated'",
            )
            .fetch_one(&pool)
            .await
            .unwrap(),
            domain::user_id(AccountId::FIRST, &format!("u{n}")),
        );
        let own: Vec<String> = sqlx::query_scalar(
            "select event_type from events where aggregate_id = $1 order by sequence",
        )
        .bind(stream.to_string())
        .fetch_all(&pool)
        .await
        .unwrap();
        for (n, event) in own.iter().enumerate() {
            assert_eq!(event, ["ConversationStarred", "ConversationUnstarred"][n % 2]);
        }
        wait_until("all nodes show the same", async || {
            let seen = member.get(&conversation(&room, "?trashed=true")).await.expect(200);
            seen["is_trashed"] == false
                && seen["member_count"] == CALLERS + 2
                && seen["is_starred"] == (own.len() % 2 == 1)
        })
        .await;
    }
}
