use std::time::Duration;

use futures::StreamExt;
use serde_json::{Value, json};

use crate::harness::{Caller, Installation, Server};

async fn types(caller: &Caller, conversation: &Value) -> u16 {
    let path = format!("/api/apps/{}/messages/typing", conversation["id"]);
    caller.put(&path).await.status.as_u16()
}

#[tokio::test]
async fn the_other_members_are_told_who_types_on_every_node_and_consumers_are() {
    let installation = Installation::new().await;
    let nodes = [installation.start(), installation.start()];
    let (ann, bob) = (nodes[0].caller("ann"), nodes[1].caller("bob"));
    for caller in [&ann, &bob, &nodes[0].caller("cyd")] {
        caller.arrive().await;
    }
    let chat = ann.create(json!(["bob"])).await;
    let client = async_nats::connect(&installation.nats_url).await.unwrap();
    let subject = format!("{}.typing.1.*", installation.prefix);
    let mut consumer = client.subscribe(subject).await.unwrap();
    // The no-responders reply proves that the subscription is in effect; a flush only sends it.
    let unheard = client.request("nobody", "".into()).await.unwrap_err();
    assert_eq!(unheard.kind(), async_nats::RequestErrorKind::NoResponders);
    let [mut anns, mut cyds] = [ann.listen().await, nodes[0].caller("cyd").listen().await];
    let mut bobs = [bob.listen().await, nodes[0].caller("bob").listen().await];
    let events = async || {
        let count = sqlx::query_scalar::<_, i64>("select count(*) from events");
        count.fetch_one(&installation.pool().await).await.unwrap()
    };
    let before = events().await;

    for _ in 0..3 {
        assert_eq!(types(&ann, &chat).await, 204);
    }
    let heard = tokio::time::timeout(Duration::from_secs(10), consumer.next()).await;
    let heard: Value = serde_json::from_slice(&heard.unwrap().unwrap().payload).unwrap();
    for stream in &mut bobs {
        let told = stream.next().await.unwrap();
        assert_eq!((told.id, &told.data), (None, &heard));
    }
    assert_eq!((&heard["type"], &heard["actor"]), (&json!("Typing"), &json!("ann")));
    assert_eq!(heard["conversation_number"], chat["id"]);
    assert_eq!(events().await, before, "it is kept nowhere");

    assert_eq!(types(&nodes[0].caller("cyd"), &chat).await, 404);
    assert_eq!(types(&nodes[0].key(), &chat).await, 403);
    ann.create(json!(["bob", "cyd"])).await;
    for stream in [&mut anns, &mut cyds] {
        assert_eq!(stream.types_up_to("ConversationCreated").await, ["ConversationCreated"]);
    }
    for stream in &mut bobs {
        let types = stream.types_up_to("ConversationCreated").await;
        assert!(types.len() <= 3, "told of too often: {types:?}");
    }
}

#[tokio::test]
async fn without_nats_those_on_the_same_node_are_told() {
    let installation = Installation { nats_url: "off".to_owned(), ..Installation::new().await };
    let server: Server = installation.start();
    let (ann, bob) = (server.caller("ann"), server.caller("bob"));
    bob.arrive().await;
    let chat = ann.create(json!(["bob"])).await;
    let mut bobs = bob.listen().await;
    assert_eq!(types(&ann, &chat).await, 204);
    assert_eq!(bobs.types_up_to("Typing").await, ["Typing"]);
}
