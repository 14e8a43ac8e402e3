//! Counts, number for number (sections 4 and 9.3).

use serde_json::json;

use super::desk::{inbox, path};
use super::scene::{Scene, counts, ids, list};

#[tokio::test]
async fn five_conversations_are_counted() {
    let scene = Scene::new().await;
    let (one, one_id) = scene.agent("one").await;
    let (_, two_id) = scene.agent("two").await;
    for (assignee, status) in [
        (Some(one_id), "open"),
        (Some(one_id), "open"),
        (Some(one_id), "resolved"),
        (Some(two_id), "open"),
        (None, "open"),
    ] {
        scene.create(json!({"assignee_id": assignee, "status": status})).await;
    }
    // The same, and once more beside an inbox that the agent is not in.
    for _ in 0..2 {
        for (query, rows) in [
            ("status=open&assignee_type=me", 2),
            ("status=open&assignee_type=all", 4),
            ("status=open&assignee_type=unassigned", 1),
            ("status=open&assignee_type=assigned", 3),
            ("", 4),
        ] {
            let listed = list(&one, query).await;
            assert_eq!(ids(&listed).len(), rows, "{query}");
            assert_eq!(counts(&listed), [2, 3, 1, 4], "{query}");
        }
        let all = list(&one, "status=all").await;
        assert_eq!((ids(&all).len(), counts(&all)), (5, [3, 4, 1, 5]));
        let other = inbox(&scene.host, "other").await;
        let body = json!({
            "inbox_id": other["id"], "contact_id": scene.contact["id"], "assignee_id": one_id,
        });
        scene.host.post(&path("/conversations"), body).await.expect(200);
    }
    assert_eq!(counts(&list(&scene.host, "status=all").await), [0, 6, 1, 7]);
}

#[tokio::test]
async fn the_host_system_has_nothing_of_its_own() {
    let scene = Scene::new().await;
    let (_, ann) = scene.agent("ann").await;
    scene.create(json!({"assignee_id": ann})).await;
    let listed = list(&scene.host, "assignee_type=me").await;
    assert_eq!((ids(&listed), counts(&listed)), (vec![], [0, 1, 0, 1]));
}
