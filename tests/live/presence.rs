use serde_json::{Value, json};

use crate::harness::{Installation, wait_until};

#[tokio::test]
async fn who_was_seen_on_any_node_is_active_and_who_was_only_registered_is_away() {
    let installation = Installation::new().await;
    let nodes = [installation.start(), installation.start()];
    let key = nodes[0].key();
    for uid in ["ann", "bob"] {
        key.put_json(&format!("/api/users/{uid}"), json!({})).await.expect(200);
    }
    let presence = async |uid: &str| {
        key.get(&format!("/api/users/{uid}")).await.expect(200)["presence"].clone()
    };
    assert_eq!((presence("ann").await, presence("bob").await), (json!("away"), json!("away")));
    let ann = nodes[1].caller("ann");
    let own = ann.get("/api/user").await.expect(200);
    assert_eq!(own["presence"], "active");
    wait_until("the other node hears of it", async || presence("ann").await == "active").await;
    let chat = ann.create(json!(["bob"])).await;
    let shown: Vec<(&Value, &Value)> = chat["members"]
        .as_array()
        .unwrap()
        .iter()
        .map(|member| (&member["uid"], &member["presence"]))
        .collect();
    let expected = [(json!("ann"), json!("active")), (json!("bob"), json!("away"))];
    assert_eq!(shown, expected.each_ref().map(|(uid, presence)| (uid, presence)));
}
