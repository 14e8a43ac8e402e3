//! Labels, teams, inboxes, source ids and searches (section 4).

use serde_json::json;

use super::desk::{inbox, path};
use super::scene::{Scene, counts, ids, list, of};

async fn labelled(scene: &Scene, labels: &[&str]) -> i64 {
    let id = scene.conversation().await;
    scene.host.post(&of(id, "/labels"), json!({"labels": labels})).await.expect(200);
    id
}

#[tokio::test]
async fn labels_are_any_of_those_that_are_named_in_whatever_way() {
    let scene = Scene::new().await;
    let (a, b) = (labelled(&scene, &["a"]).await, labelled(&scene, &["b", "c"]).await);
    let none = scene.conversation().await;
    for query in [
        "labels[]=a&labels[]=b",
        "labels%5B%5D=a&labels%5B%5D=b",
        "labels=a,b",
        "labels=a&labels=b",
        "labels=A,%20&labels[]=B&labels[]=other",
        "labels=a&labels=b,c",
    ] {
        let listed = list(&scene.host, query).await;
        assert_eq!((ids(&listed), counts(&listed)), (vec![b, a], [0, 0, 2, 2]), "{query}");
    }
    assert_eq!(ids(&list(&scene.host, "labels=a").await), [a]);
    assert_eq!(ids(&list(&scene.host, "labels=other").await), [0_i64; 0]);
    for blank in ["labels=", "labels[]=", "labels=%20,"] {
        assert_eq!(ids(&list(&scene.host, blank).await), [none, b, a]);
    }
}

#[tokio::test]
async fn teams_inboxes_and_source_ids_filter_rows_and_counts() {
    let scene = Scene::new().await;
    let (ann, _) = scene.agent("ann").await;
    let team = scene.team("helpers", &[]).await;
    let other = inbox(&scene.host, "other").await;
    let of_team = scene.create(json!({"team_id": team})).await["id"].as_i64().unwrap();
    let sourced = scene.create(json!({"source_id": "src-1"})).await["id"].as_i64().unwrap();
    let body = json!({"inbox_id": other["id"], "contact_id": scene.contact["id"]});
    let elsewhere = scene.host.post(&path("/conversations"), body).await.expect(200);
    for (query, fitting) in [
        (format!("team_id={team}"), vec![of_team]),
        (format!("inbox_id={}", scene.inbox["id"]), vec![sourced, of_team]),
        (format!("inbox_id={}", other["id"]), vec![elsewhere["id"].as_i64().unwrap()]),
        ("source_id=src-1".to_owned(), vec![sourced]),
        (format!("source_id=src-1&team_id={team}"), vec![]),
        ("inbox_id=999999".to_owned(), vec![]),
        ("inbox_id=-7".to_owned(), vec![]),
        ("source_id=+src-1".to_owned(), vec![]),
    ] {
        let listed = list(&scene.host, &query).await;
        let count = fitting.len() as i64;
        assert_eq!((ids(&listed), counts(&listed)), (fitting, [0, 0, count, count]), "{query}");
    }
    // An inbox that the caller is not in is treated as if it did not exist.
    let listed = list(&ann, &format!("inbox_id={}", other["id"])).await;
    assert_eq!((ids(&listed), counts(&listed)), (vec![], [0; 4]));
    scene.host.get(&path("/conversations?team_id=999999")).await.expect(404);
}

#[tokio::test]
async fn a_search_looks_into_messages_and_goes_with_the_status() {
    let scene = Scene::new().await;
    let (ann, ann_id) = scene.agent("ann").await;
    let (open, resolved, other) =
        (scene.conversation().await, scene.conversation().await, scene.conversation().await);
    scene.incoming(open, "My Invoice is 100% wrong").await;
    let note = json!({"content": "an invoice_number is missing", "private": true});
    ann.post(&of(resolved, "/messages"), note).await.expect(200);
    scene.incoming(other, "Hello").await;
    ann.post(&of(resolved, "/toggle_status"), json!({"status": "resolved"})).await.expect(200);
    for (query, fitting) in [
        ("q=invoice", vec![open]),
        ("q=INVOICE&status=resolved", vec![resolved]),
        ("q=invoice&status=all", vec![resolved, open]),
        ("q=100%25", vec![open]),
        ("q=%25&status=all", vec![open]),
        ("q=_&status=all", vec![resolved]),
        ("q=nothing+like+it&status=all", vec![]),
    ] {
        let listed = list(&ann, query).await;
        let mut found = ids(&listed);
        found.sort_unstable_by_key(|id| -id);
        let count = fitting.len() as i64;
        assert_eq!(found, fitting, "{query}");
        assert_eq!(counts(&listed)[3], count, "{query}");
    }
    // Counts are of all that matches, also if that is more than a page.
    for number in 0..27 {
        let assignee = (number < 3).then_some(ann_id);
        let message = json!({"content": format!("needle {number}"), "message_type": "incoming"});
        scene.create(json!({"assignee_id": assignee, "message": message})).await;
    }
    let listed = list(&ann, "q=NEEDLE").await;
    assert_eq!((ids(&listed).len(), counts(&listed)), (25, [3, 3, 24, 27]));
    assert_eq!(ids(&list(&ann, "q=needle&page=2").await).len(), 2);
    assert_eq!(ids(&list(&ann, "q=needle&assignee_type=me").await).len(), 3);
}
