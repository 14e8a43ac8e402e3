//! A broker that is unreachable, killed or restored to an earlier state.

use domain::Position;
use embedded::testing::wait_until;

use super::*;

#[tokio::test]
async fn what_was_recorded_while_the_broker_was_down_is_published_when_it_is_back() {
    let folder = folder();
    let broker = Nats::start(&folder).await.unwrap();
    let port = broker.port();
    let fixture = Fixture::new(broker.url().to_owned()).await;
    broker.stop().await.unwrap();
    let mut relay = fixture.relay();
    fixture.append(300).await;
    relay.until("the outage is noticed", |status| status.failure.is_some()).await;
    let _broker = Nats::start_on(&folder, Some(port)).await.unwrap();
    relay.until("the backlog is drained", |status| status.position == Position::new(300)).await;
    fixture.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_killed_in_the_middle_leaves_no_gap_and_no_duplicate() {
    let folder = folder();
    let mut broker = Nats::start(&folder).await.unwrap();
    let port = broker.port();
    let fixture = Fixture::new(broker.url().to_owned()).await;
    let mut relay = fixture.relay();
    for round in 1..=3 {
        fixture.append(1500).await;
        relay
            .until("some are published", |status| {
                status.position > Position::new((round - 1) * 1500)
            })
            .await;
        broker.kill().await.unwrap();
        broker = Nats::start_on(&folder, Some(port)).await.unwrap();
        relay
            .until("all are published", |status| status.position == Position::new(round * 1500))
            .await;
    }
    fixture.check().await;
}

#[tokio::test]
async fn a_broker_that_lost_its_tail_gets_it_again_under_the_same_numbers() {
    let folder = folder();
    let broker = Nats::start(&folder).await.unwrap();
    let fixture = Fixture::new(broker.url().to_owned()).await;
    let mut relay = fixture.relay();
    fixture.append(200).await;
    relay.until("the first are published", |status| status.position == Position::new(200)).await;
    let broker = keep_copy(broker, &folder).await;
    fixture.append(200).await;
    relay.until("the tail is published", |status| status.position == Position::new(400)).await;
    let _broker = put_copy_back(broker, &folder).await;
    fixture.append(1).await;
    relay
        .until("the tail is published again", |status| status.position == Position::new(401))
        .await;
    fixture.check().await;
}

#[tokio::test]
async fn a_connection_that_was_dropped_without_a_word_is_given_up_for_another() {
    let url = nats_url().await;
    let proxy = Proxy::start(url.rsplit_once(':').unwrap().1.parse().unwrap()).await;
    let fixture = Fixture::new(format!("nats://127.0.0.1:{}", proxy.port)).await;
    let mut relay = fixture.relay();
    fixture.append(1).await;
    relay.until("it is published", |status| status.position == Position::new(1)).await;
    proxy.cut();
    fixture.append(1).await;
    relay.until("the next one is, too", |status| status.position == Position::new(2)).await;
    fixture.check().await;
}

/// Even if the node had led before, when no failure was recorded.
#[tokio::test]
async fn a_node_that_leads_again_takes_back_what_another_one_noted_meanwhile() {
    let fixture = Fixture::new(nats_url().await).await;
    let mut relay = fixture.relay();
    fixture.append(1).await;
    relay.until("it is published", |status| status.position == Position::new(1)).await;
    let pool = fixture.log.pool();
    for statement in [
        "update leases set owner = gen_random_uuid(), epoch = epoch + 1 where name = 'relay'",
        "update checkpoints set stopped = 'another node was interrupted' where name = 'relay'",
        "update leases set expires_at = '-infinity' where name = 'relay'",
    ] {
        sqlx::query(statement).execute(pool).await.unwrap();
    }
    fixture.append(1).await;
    relay
        .until("it leads again", |status| status.position == Position::new(2) && status.leader)
        .await;
    wait_until("nothing is written down any more", async || {
        let noted = "select stopped from checkpoints where name = 'relay'";
        sqlx::query_scalar::<_, Option<String>>(noted).fetch_one(pool).await.unwrap().is_none()
    })
    .await;
}
