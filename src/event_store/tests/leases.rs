use domain::Position;
use sqlx::Executor;
use uuid::Uuid;

use super::log;
use crate::{Error, Lease, checkpoint};

#[tokio::test]
async fn a_lease_has_one_holder_and_a_checkpoint_needs_it() {
    let (log, _) = log().await;
    let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let held = Lease::acquire(log.pool(), "x", one).await.unwrap().unwrap();
    assert!(Lease::acquire(log.pool(), "x", other).await.unwrap().is_none());
    log.pool().execute("update leases set expires_at = '-infinity'").await.unwrap();
    let taken = Lease::acquire(log.pool(), "x", other).await.unwrap().unwrap();
    assert!(taken.epoch() > held.epoch());
    assert!(matches!(held.renew(log.pool()).await, Err(Error::LeaseLost { .. })));
    assert_eq!(checkpoint(log.pool(), "y").await.unwrap(), Position::START);
    let mut connection = log.pool().acquire().await.unwrap();
    let written = held.advance(&mut connection, &["y"], Position::START, Position::new(1)).await;
    assert!(matches!(written, Err(Error::LeaseLost { .. })), "{written:?}");
    taken.advance(&mut connection, &["y"], Position::START, Position::new(1)).await.unwrap();
    assert_eq!(checkpoint(log.pool(), "y").await.unwrap(), Position::new(1));
    taken.release(log.pool()).await.unwrap();
    assert!(Lease::acquire(log.pool(), "x", one).await.unwrap().is_some());
}

#[tokio::test]
async fn a_lease_that_ends_further_ahead_than_one_lasts_is_over() {
    let (log, _) = log().await;
    let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let held = Lease::acquire(log.pool(), "x", one).await.unwrap().unwrap();
    // The effect of setting the database's clock back by an hour.
    let ends_later = "update leases set expires_at = expires_at + interval '1 hour'";
    log.pool().execute(ends_later).await.unwrap();
    let taken = Lease::acquire(log.pool(), "x", other).await.unwrap().unwrap();
    assert!(matches!(held.renew(log.pool()).await, Err(Error::LeaseLost { .. })));
    taken.renew(log.pool()).await.unwrap();
    assert!(Lease::acquire(log.pool(), "x", one).await.unwrap().is_none());
}

#[tokio::test]
async fn a_checkpoint_moves_only_from_where_its_row_stands() {
    let (log, _) = log().await;
    let lease = Lease::acquire(log.pool(), "x", Uuid::from_u128(1)).await.unwrap().unwrap();
    for name in ["a", "b"] {
        checkpoint(log.pool(), name).await.unwrap();
    }
    let mut connection = log.pool().acquire().await.unwrap();
    lease.advance(&mut connection, &["a", "b"], Position::START, Position::new(5)).await.unwrap();
    lease.advance(&mut connection, &["b"], Position::new(5), Position::new(9)).await.unwrap();
    let moved =
        lease.advance(&mut connection, &["a", "b"], Position::new(5), Position::new(12)).await;
    assert!(
        matches!(moved, Err(Error::CheckpointMoved { from, .. }) if from == Position::new(5)),
        "{moved:?}"
    );
    lease.hold(&mut connection).await.unwrap();
    let positions = [checkpoint(log.pool(), "a").await, checkpoint(log.pool(), "b").await];
    assert_eq!(
        positions.map(Result::unwrap),
        [5, 9].map(Position::new),
        "neither of the two was moved"
    );
}
