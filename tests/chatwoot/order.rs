//! Every order (section 4).

use serde_json::json;

use super::scene::{Scene, ids, list, of};

#[tokio::test]
async fn lists_are_in_the_order_that_is_asked_for() {
    let scene = Scene::new().await;
    let (ann, _) = scene.agent("ann").await;
    let mut made = Vec::new();
    for priority in [Some("low"), None, Some("urgent"), Some("medium"), Some("low"), None] {
        made.push(scene.create(json!({"priority": priority})).await["id"].as_i64().unwrap());
    }
    let [a, b, c, d, e, f] = made[..] else { panic!() };
    // The first and the second are active again; the second no longer waits.
    scene.incoming(a, "Hello").await;
    ann.post(&of(b, "/messages"), json!({"content": "Yes?"})).await.expect(200);
    ann.post(&of(e, "/messages"), json!({"content": "Yes?"})).await.expect(200);
    let by_activity = [e, b, a, f, d, c];
    let by_creation = [f, e, d, c, b, a];
    let reversed = |order: [i64; 6]| order.into_iter().rev().collect::<Vec<_>>();
    for (names, order) in [
        (&["", "latest", "last_activity_at_desc", "nonsense"][..], by_activity.to_vec()),
        (&["last_activity_at_asc"], reversed(by_activity)),
        (&["created_at_desc"], by_creation.to_vec()),
        (&["created_at_asc", "sort_on_created_at"], reversed(by_creation)),
        (&["priority_desc", "sort_on_priority"], vec![c, d, e, a, b, f]),
        (&["priority_asc"], vec![e, a, d, c, b, f]),
        (&["waiting_since_asc", "sort_on_waiting_since"], vec![a, c, d, f, b, e]),
        (&["waiting_since_desc"], vec![f, d, c, a, b, e]),
    ] {
        for name in names {
            let listed = list(&scene.host, &format!("sort_by={name}")).await;
            assert_eq!(ids(&listed), order, "{name} of {made:?}");
        }
    }
}
