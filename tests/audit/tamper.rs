//! Every way to change the log behind Colloquy's back, as the database's superuser.

use sqlx::Executor;

use super::talk;
use crate::harness::Installation;

/// A log of six events, changed by these statements.
async fn tampered(statements: &str) -> Installation {
    let installation = Installation::new().await;
    talk(&installation.start()).await;
    assert!(installation.done(&["audit", "verify"]).contains("verified: positions 1 to 6"));
    let forbidden = format!(
        "alter table events disable trigger events_refuse_change; {statements};
         alter table events enable always trigger events_refuse_change"
    );
    installation.pool().await.execute(forbidden.as_str()).await.unwrap();
    installation
}

#[track_caller]
fn found(installation: &Installation, arguments: &[&str], expected: &str) {
    let (status, output, errors) = installation.run(&[&["audit", "verify"], arguments].concat());
    assert_eq!(status, Some(3), "{output}{errors}");
    assert!(output.starts_with(&format!("WRONG at {expected}")), "{output}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_byte_is_found_in_every_column() {
    let installation = Installation::new().await;
    talk(&installation.start()).await;
    let pool = installation.pool().await;
    for change in [
        "payload = replace(payload::text, 'MessagePosted', 'MessagePoster')::json",
        "metadata = replace(metadata::text, 'ann', 'eve')::json",
        "event_type = 'MessageEdited'",
        "event_version = '3'",
        "event_id = gen_random_uuid()",
        "account_id = 2",
        "recorded_at = recorded_at + interval '1 microsecond'",
        "aggregate_id = gen_random_uuid()::text",
        "digest = sha256('')",
    ] {
        let mut tx = pool.begin().await.unwrap();
        tx.execute("create temporary table kept as select * from events where position = 5")
            .await
            .unwrap();
        tx.execute("alter table events disable trigger events_refuse_change").await.unwrap();
        tx.execute(format!("update events set {change} where position = 5").as_str())
            .await
            .unwrap();
        tx.commit().await.unwrap();
        found(&installation, &[], "position 5: its digest is ");
        let mut tx = pool.begin().await.unwrap();
        tx.execute("delete from events where position = 5").await.unwrap();
        tx.execute("insert into events select * from kept; drop table kept").await.unwrap();
        tx.commit().await.unwrap();
        installation.done(&["audit", "verify"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_event_is_missed() {
    let installation = tampered("delete from events where position = 4").await;
    found(&installation, &[], "position 4: the event is missing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_event_whose_place_was_closed_is_found() {
    let close = "delete from events where position = 4;
         update events set position = position - 1 where position > 4;
         update log_head set position = position - 1";
    found(&tampered(close).await, &[], "position 4: its digest is ");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inserted_event_is_found() {
    let insert = "insert into events
             (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
              position, event_id, account_id, account_position, conversation_id,
              recorded_at, digest)
         select aggregate_type, aggregate_id, sequence + 1, event_type, event_version, payload,
                metadata, position + 1, gen_random_uuid(), account_id, account_position + 1,
                conversation_id, recorded_at, digest
         from events where position = 6";
    found(&tampered(insert).await, &[], "position 7: its digest is ");
}

#[tokio::test(flavor = "multi_thread")]
async fn swapped_events_are_found() {
    let swap = "update events set position = 1000 where position = 4;
         update events set position = 4 where position = 5;
         update events set position = 5 where position = 1000";
    found(&tampered(swap).await, &[], "position 4: its digest is ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tail_that_was_cut_off_is_missed() {
    let installation = tampered("delete from events where position > 4").await;
    found(&installation, &[], "position 5: the event is missing: the head of the log says 6");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tail_that_was_cut_off_with_the_head_is_missed_with_a_noted_digest() {
    let installation = Installation::new().await;
    talk(&installation.start()).await;
    let noted = installation.done(&["audit", "verify"]);
    let noted = noted.trim().rsplit_once(' ').unwrap().1;
    installation.done(&["audit", "verify", "--expect", noted]);
    let cut = "alter table events disable trigger events_refuse_change;
         delete from events where position > 4;
         update log_head set position = 4, digest = (select digest from events where position = 4)";
    installation.pool().await.execute(cut).await.unwrap();
    installation.done(&["audit", "verify"]);
    found(&installation, &["--expect", noted], "position 5: the event is missing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_written_anew_is_found_with_a_noted_digest() {
    let installation = Installation::new().await;
    talk(&installation.start()).await;
    let noted = installation.done(&["audit", "verify"]);
    let noted = noted.trim().rsplit_once(' ').unwrap().1;
    let anew = "alter table events disable trigger events_refuse_change;
         update events set metadata = replace(metadata::text, 'ann', 'eve')::json
         where position = 4;
         do $$
         declare
             chain bytea := decode(repeat('00', 32), 'hex');
             e events;
         begin
             for e in select * from events order by position loop
                 chain := event_digest(chain, e.position, e.event_id, e.account_id,
                                       e.account_position, e.aggregate_type, e.aggregate_id,
                                       e.sequence, e.conversation_id, e.event_type,
                                       e.event_version, e.payload::text, e.metadata::text,
                                       microseconds(e.recorded_at));
                 update events set digest = chain where position = e.position;
             end loop;
             update log_head set digest = chain;
         end $$";
    installation.pool().await.execute(anew).await.unwrap();
    installation.done(&["audit", "verify"]);
    found(&installation, &["--expect", noted], "position 6: its digest is ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_gone_though_nothing_erased_it_is_missed() {
    let events = tampered("delete from event_keys where position in (4, 6)").await;
    found(&events, &[], "position 4: the key to its text is gone, and no later event erased it; ");
    let (_, output, _) = events.run(&["audit", "verify"]);
    assert!(output.trim_end().ends_with("likewise at 6"), "{output}");
    found(&events, &["--from", "5"], "position 6: the key to its text is gone");
    events.done(&["audit", "verify", "--to", "5"]);
    let stream = tampered("delete from stream_keys where aggregate_type = 'user'").await;
    found(&stream, &[], "position 1: the key to its text is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_gone_after_its_message_was_deleted_is_as_missed_as_before() {
    let installation = Installation::new().await;
    let server = installation.start();
    let chat = talk(&server).await;
    let ann = server.caller("ann");
    let gone = ann.say(&chat, "four").await;
    ann.delete(&format!("/api/messages/{gone}")).await.expect(204);
    drop(server);
    assert!(installation.done(&["audit", "verify"]).contains("verified: positions 1 to 8"));
    let delete = "delete from event_keys where position = 5";
    installation.pool().await.execute(delete).await.unwrap();
    found(&installation, &[], "position 5: the key to its text is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_can_be_verified() {
    let installation = tampered("update events set account_id = 2 where position = 2").await;
    found(&installation, &[], "position 2: ");
    installation.done(&["audit", "verify", "--from", "3"]);
    installation.done(&["audit", "verify", "--to", "1"]);
    let (status, output, _) = installation.run(&["audit", "verify", "--format", "json"]);
    let verdict: serde_json::Value = serde_json::from_str(&output).unwrap();
    assert_eq!((status, &verdict["verdict"]), (Some(3), &"WRONG".into()));
    assert_eq!(verdict["position"], 2);
    found(&installation, &["--from", "2", "--to", "4"], "position 2: ");
}
