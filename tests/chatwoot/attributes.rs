//! Labels and custom attributes (section 6).

use serde_json::{Value, json};

use super::desk::refusal;
use super::scene::{Scene, of};

#[tokio::test]
async fn labels_are_replaced_tidied() {
    let scene = Scene::new().await;
    let id = scene.conversation().await;
    let path = of(id, "/labels");
    assert_eq!(scene.host.get(&path).await.expect(200), json!({"payload": []}));
    for (labels, kept) in [
        (json!(["b", "a"]), json!(["b", "a"])),
        (json!([" Billing ", "billing", "", "VIP", " "]), json!(["billing", "vip"])),
        (json!([]), json!([])),
        (json!(["x"]), json!(["x"])),
    ] {
        let answer = scene.host.post(&path, json!({"labels": labels})).await.expect(200);
        assert_eq!(answer, json!({"payload": kept}));
        assert_eq!(scene.host.get(&path).await.expect(200), answer);
        assert_eq!(scene.get(id).await["labels"], kept);
    }
    for body in [json!({}), json!({"labels": null}), json!({"labels": [1]}), json!({"labels": {}})]
    {
        scene.host.post(&path, body).await.expect(422);
    }
    let many: Vec<String> = (0..101).map(|number| number.to_string()).collect();
    let (status, _, attributes) = refusal(&scene.host.post(&path, json!({"labels": many})).await);
    assert_eq!((status, attributes), (422, json!(["labels"])));
    assert_eq!(scene.get(id).await["labels"], json!(["x"]));
}

#[tokio::test]
async fn custom_attributes_are_replaced_or_merged_within_limits() {
    let scene = Scene::new().await;
    let id = scene.create(json!({"custom_attributes": {"a": 1}})).await["id"].as_i64().unwrap();
    let path = of(id, "/custom_attributes");
    for (attributes, merge, all) in [
        (json!({"b": [2]}), Value::Null, json!({"b": [2]})),
        (json!({"c": "3"}), json!(true), json!({"b": [2], "c": "3"})),
        (json!({"b": null}), json!("true"), json!({"b": null, "c": "3"})),
        (json!({}), json!(false), json!({})),
    ] {
        let body = json!({"custom_attributes": attributes, "merge": merge});
        let answer = scene.host.post(&path, body).await.expect(200);
        assert_eq!(answer, json!({"custom_attributes": all}));
        assert_eq!(scene.get(id).await["custom_attributes"], all);
    }
    for attributes in [
        json!({"a": "x".repeat(1_501)}),
        json!({"a": 10_000_000_000_i64}),
        json!("text"),
        json!([1]),
    ] {
        let answer = scene.host.post(&path, json!({"custom_attributes": attributes})).await;
        let (status, _, attributes) = refusal(&answer);
        assert_eq!((status, attributes), (422, json!(["custom_attributes"])));
    }
}
