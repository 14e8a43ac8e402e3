//! What a list contains, and which queries it takes (section 4).

use serde_json::json;

use super::desk::path;
use super::scene::{Scene, bad_fields, counts, ids, list, of};

#[tokio::test]
async fn a_list_is_a_page_beside_four_counts() {
    let scene = Scene::new().await;
    let empty = json!({
        "mine_count": 0, "assigned_count": 0, "unassigned_count": 0, "all_count": 0,
    });
    let listed = scene.host.get(&path("/conversations")).await.expect(200);
    assert_eq!(listed, json!({"data": {"meta": empty, "payload": []}}));
    let id = scene.conversation().await;
    let listed = list(&scene.host, "").await;
    assert_eq!(listed["payload"], json!([scene.get(id).await]));
    assert_eq!(counts(&listed), [0, 0, 1, 1]);
    // With a media type but no body, and with a trailing slash.
    let request = scene.host.request(reqwest::Method::GET, &path("/conversations/"));
    let request = request.header("content-type", "application/json").header("accept", "*/*");
    assert_eq!(crate::harness::send(request).await.expect(200)["data"], listed);
}

#[tokio::test]
async fn counts_do_not_look_at_assignee_page_order_and_time() {
    let scene = Scene::new().await;
    let (ann, id) = scene.agent("ann").await;
    for assignee in [Some(id), Some(id), None] {
        scene.create(json!({"assignee_id": assignee})).await;
    }
    for query in [
        "",
        "assignee_type=me",
        "assignee_type=unassigned",
        "page=7",
        "updated_within=1",
        "sort_by=priority_desc",
        "sort_by=nonsense&conversation_type=nonsense&unknown=1",
    ] {
        assert_eq!(counts(&list(&ann, query).await), [2, 2, 1, 3], "{query}");
    }
}

#[tokio::test]
async fn open_ones_are_listed_unless_others_are_asked_for() {
    let scene = Scene::new().await;
    let mut made = Vec::new();
    for status in ["open", "resolved", "pending", "snoozed"] {
        let made_now = scene.create(json!({"status": status})).await;
        made.push((status, made_now["id"].as_i64().unwrap()));
    }
    for (status, id) in &made {
        let listed = list(&scene.host, &format!("status={status}")).await;
        assert_eq!((ids(&listed), counts(&listed)), (vec![*id], [0, 0, 1, 1]));
    }
    for query in ["", "status=", "status=%20&assignee_type=&page=&labels=&q=&inbox_id=&team_id="] {
        assert_eq!(ids(&list(&scene.host, query).await), [made[0].1], "{query}");
    }
    assert_eq!(ids(&list(&scene.host, "status=all").await).len(), 4);
}

#[tokio::test]
async fn values_that_cannot_be_used_are_refused() {
    let scene = Scene::new().await;
    for (field, values) in [
        ("status", &["closed", "OPEN", "1"][..]),
        ("assignee_type", &["you", "ME"]),
        ("page", &["0", "-1", "x", "1.5"]),
        ("inbox_id", &["x", "1.5"]),
        ("team_id", &["x"]),
        ("updated_within", &["0", "-1", "x"]),
        ("q", &["%00"]),
    ] {
        for value in values {
            for list in ["/conversations", "/conversations/meta"] {
                let answer = scene.host.get(&path(&format!("{list}?{field}={value}"))).await;
                assert_eq!(bad_fields(&answer), [field], "{value}");
            }
        }
    }
}

#[tokio::test]
async fn what_changed_lately_is_listed_whole() {
    let scene = Scene::new().await;
    for _ in 0..27 {
        scene.conversation().await;
    }
    let listed = list(&scene.host, "updated_within=3600").await;
    assert_eq!((ids(&listed).len(), counts(&listed)), (27, [0, 0, 27, 27]));
    let far = list(&scene.host, "updated_within=99999999999999999999").await;
    assert_eq!(ids(&far).len(), 27);
}

#[tokio::test]
async fn unattended_ones_have_no_reply_or_wait_for_one() {
    let scene = Scene::new().await;
    let (ann, _) = scene.agent("ann").await;
    let (new, answered, waiting) =
        (scene.conversation().await, scene.conversation().await, scene.conversation().await);
    for id in [answered, waiting] {
        ann.post(&of(id, "/messages"), json!({"content": "Hello"})).await.expect(200);
    }
    scene.incoming(waiting, "And now?").await;
    let listed = list(&ann, "conversation_type=unattended&sort_by=created_at_asc").await;
    assert_eq!((ids(&listed), counts(&listed)), (vec![new, waiting], [0, 0, 2, 2]));
}
