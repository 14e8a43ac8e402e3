//! Pages of 25 (section 4).

use super::scene::{Scene, counts, ids, list};
use serde_json::json;

#[tokio::test]
async fn all_pages_together_have_each_conversation_once() {
    let scene = Scene::new().await;
    let mut made = Vec::new();
    for number in 0..53 {
        // Many have the same priority and, in whole seconds, the same times.
        let priority = ["low", "high"][number % 2];
        made.push(scene.create(json!({"priority": priority})).await["id"].as_i64().unwrap());
    }
    for order in ["", "created_at_asc", "priority_desc", "priority_asc", "waiting_since_desc"] {
        let mut walked = Vec::new();
        for (page, size) in [(1, 25), (2, 25), (3, 3), (4, 0), (400, 0)] {
            let listed = list(&scene.host, &format!("sort_by={order}&page={page}")).await;
            assert_eq!(ids(&listed).len(), size, "{order} {page}");
            assert_eq!(counts(&listed), [0, 0, 53, 53]);
            walked.extend(ids(&listed));
        }
        walked.sort_unstable();
        assert_eq!(walked, made, "{order}");
    }
    let newest_first: Vec<i64> = made.iter().rev().take(25).copied().collect();
    assert_eq!(ids(&list(&scene.host, "").await), newest_first);
    assert_eq!(ids(&list(&scene.host, "page=99999999999999999999").await), [0_i64; 0]);
}
