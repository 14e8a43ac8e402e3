use domain::Position;
use embedded::testing::PATIENCE;
use event_store::Log;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::world::{World, for_reading};
use crate::{Generation, MODELS, Memory, Views, start};

/// A node that keeps the read models up to date, or stands by.
pub(crate) struct Node {
    pub(crate) views: Views,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Node {
    pub(crate) fn start(log: &Log, generation: impl Into<Generation>) -> Self {
        let stop = CancellationToken::new();
        let memory = Memory::of(&for_reading(log.pool(), 10), generation.into());
        let tasks = start(log, &memory, Uuid::new_v4(), &stop);
        let progress = memory.progress().clone();
        Self { views: Views::new(memory, progress), stop, tasks }
    }

    /// Another node on the same database, with connections of its own.
    pub(crate) async fn start_beside(world: &World, generation: impl Into<Generation>) -> Self {
        let pool = world.another_pool().await;
        let log = Log::new(pool.clone(), world.log.keys().clone());
        Self::start(&log, generation)
    }

    /// A leader and a standby, both caught up with the log.
    pub(crate) async fn two(world: &World) -> (Self, Self) {
        let head = world.log.head().await.unwrap();
        let leader = Self::start(&world.log, MODELS);
        let standby = Self::start_beside(world, MODELS).await;
        leader.wait_for(head).await;
        standby.wait_for(head).await;
        (leader, standby)
    }

    pub(crate) async fn wait_for(&self, position: impl Into<Position>) {
        let (progress, position) = (self.views.progress(), position.into());
        let reached = progress.wait_for(position, PATIENCE).await
            && progress.wait_until_level(PATIENCE).await;
        assert!(reached, "{} of {position}: {:?}", progress.position(), progress.stopped());
    }

    pub(crate) async fn stop(mut self) {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
    }
}
