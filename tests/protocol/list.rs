use serde_json::json;

use super::{chat, get, id, ids, pair, path, say};
use crate::harness::Server;

/// One letter for each conversation in the list.
async fn listed(caller: &crate::harness::Caller, query: &str, names: &[(char, String)]) -> String {
    let answer = caller.get(&format!("/v1/conversations?{query}")).await;
    assert_eq!(answer.status.as_u16(), 200, "{query} {}", answer.body);
    ids(&answer)
        .iter()
        .map(|id| names.iter().find(|(_, known)| known == id).map_or('?', |(name, _)| *name))
        .collect()
}

#[tokio::test]
async fn filters_are_tri_state_and_combine() {
    let server = Server::fresh().await;
    let (ann, _) = pair(&server).await;
    let mut names = Vec::new();
    for (name, flags) in [
        ('a', json!({})),
        ('b', json!({"is_muted": true})),
        ('c', json!({"archived_at": 1_700_000_000})),
        ('d', json!({"is_pinned": true})),
        ('e', json!({"is_muted": true, "archived_at": 1_700_000_000, "is_pinned": true})),
    ] {
        let group = ann.post("/v1/groups", json!({"name": name})).await.expect(201);
        ann.put_json(&path(&group), flags).await.expect(200);
        names.push((name, id(&group).to_owned()));
    }
    let private = chat(&ann, "bob").await;
    names.push(('p', id(&private).to_owned()));
    for (query, wanted) in [
        ("", "pedcba"),
        ("muted=&archived=&pinned=", "pedcba"),
        ("muted=true", "eb"),
        ("muted=false", "pdca"),
        ("archived=true", "ec"),
        ("archived=false", "pdba"),
        ("pinned=true", "ed"),
        ("pinned=false", "pcba"),
        ("muted=false&archived=false&pinned=false", "pa"),
        ("muted=true&archived=false", "b"),
        ("muted=true&archived=true&pinned=true", "e"),
        (&format!("group_id={}", names[1].1), "b"),
        (&format!("group_id={}&muted=false", names[1].1), ""),
        (&format!("group_id={}", id(&private)), ""),
        ("group_id=nothing", ""),
        ("group_id=", "pedcba"),
        ("unknown=1", "pedcba"),
    ] {
        assert_eq!(listed(&ann, query, &names).await, wanted, "{query}");
    }
    for query in ["muted=x", "archived=1", "pinned=null", "muted=TRUE"] {
        let error = ann.get(&format!("/v1/conversations?{query}")).await.expect(400);
        assert!(error["message"].as_str().unwrap().contains("true or false"), "{error}");
    }
    let message = say(&ann, &json!({"id": names[0].1}), "up").await;
    assert_eq!(listed(&ann, "", &names).await, "apedcb", "the latest active is first");
    ann.delete(&format!("/v1/messages/{}", id(&message))).await.expect(204);
    assert_eq!(listed(&ann, "", &names).await, "pedcba");
}

#[tokio::test]
async fn pages_go_both_ways_with_no_repeat_and_no_gap() {
    let server = Server::fresh().await;
    let ann = server.caller("ann");
    let mut all = Vec::new();
    for n in 0..25 {
        let group = ann.post("/v1/groups", json!({"name": format!("{n}")})).await.expect(201);
        all.insert(0, id(&group).to_owned());
    }
    let page = async |query: String| {
        let answer = ann.get(&format!("/v1/conversations?{query}")).await;
        assert_eq!(answer.status.as_u16(), 200, "{query} {}", answer.body);
        (ids(&answer), answer.body["has_more"].as_bool().unwrap())
    };
    assert_eq!(page(String::new()).await, (all[..10].to_vec(), true), "ten by default");
    assert_eq!(page("limit=1".into()).await, (all[..1].to_vec(), true));
    for limit in ["25", "100", "101", "99999999999999999999"] {
        assert_eq!(page(format!("limit={limit}")).await, (all.clone(), false));
    }
    let after = |n: usize| format!("starting_after={}", all[n]);
    let before = |n: usize| format!("ending_before={}", all[n]);
    assert_eq!(page(after(9)).await, (all[10..20].to_vec(), true));
    assert_eq!(page(after(19)).await, (all[20..].to_vec(), false));
    assert_eq!(page(after(24)).await, (vec![], false));
    assert_eq!(page(before(20)).await, (all[10..20].to_vec(), true));
    assert_eq!(page(before(10)).await, (all[..10].to_vec(), false));
    assert_eq!(page(before(0)).await, (vec![], false));
    assert_eq!(page(format!("{}&limit=3", before(20))).await, (all[17..20].to_vec(), true));

    // A conversation that gets a message moves to the top; paging on meets every other one once.
    say(&ann, &json!({"id": all[22]}), "up").await;
    say(&ann, &json!({"id": all[3]}), "up").await;
    let mut walked = all[..10].to_vec();
    let mut cursor = after(9);
    loop {
        let (ids, more) = page(cursor).await;
        walked.extend(ids);
        if !more {
            break;
        }
        cursor = format!("starting_after={}", walked.last().unwrap());
    }
    let unmoved: Vec<&String> = all.iter().filter(|id| **id != all[22]).collect();
    assert_eq!(walked.iter().collect::<Vec<_>>(), unmoved);
    let (top, more) = page(before(0)).await;
    assert_eq!((top, more), (vec![all[3].clone(), all[22].clone()], false), "and they are above");

    for query in ["limit=0", "limit=-1", "limit=abc", &format!("{}&{}", after(0), before(1))] {
        ann.get(&format!("/v1/conversations?{query}")).await.expect(400);
    }
    ann.delete(&format!("/v1/conversations/{}", all[5])).await.expect(204);
    let foreign = server.caller("bob").post("/v1/groups", json!({"name": "Bob's"})).await;
    let foreign = foreign.expect(201);
    for cursor in [all[5].as_str(), id(&foreign), "made-up"] {
        for name in ["starting_after", "ending_before"] {
            for list in ["conversations", "groups"] {
                let error = ann.get(&format!("/v1/{list}?{name}={cursor}")).await.expect(400);
                assert!(error["message"].as_str().unwrap().starts_with(name), "{error}");
            }
        }
    }
}

#[tokio::test]
async fn an_archived_or_muted_conversation_leaves_the_weavy_badge_and_comes_back() {
    let server = Server::fresh().await;
    let (ann, bob) = pair(&server).await;
    let made = chat(&ann, "bob").await;
    say(&bob, &made, "hello").await;
    let badge = async || ann.get("/api/conversations/badge").await.expect(200)["private"].clone();
    assert_eq!(badge().await, 1);
    for (away, back) in [
        (json!({"is_muted": true}), json!({"is_muted": false})),
        (json!({"archived_at": 1_700_000_000}), json!({"archived_at": null})),
    ] {
        ann.put_json(&path(&made), away).await.expect(200);
        assert_eq!(badge().await, 0);
        say(&bob, &made, "are you there?").await;
        assert_eq!(badge().await, 0, "a message does not bring it back");
        let active = get(&ann, &made).await["last_active_at"].as_i64().unwrap();
        assert!(active > 1_700_000_000);
        ann.put_json(&path(&made), back).await.expect(200);
        assert_eq!(badge().await, 1);
    }
}
