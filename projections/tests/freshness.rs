//! No node gives an answer that is older than the position that the node claimed
//! before it was asked.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use domain::participation::ChangeCommand;
use domain::{AccountId, ConversationId, Position, PublicId, UserId};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::node::Node;
use super::{KINDS, World};
use crate::views::{Filter, Flags, View, Viewer, Views};
use crate::{Cursor, MODELS};

/// What there is to see of a room: its newest message, and up to where Bob has read.
#[derive(Debug, Clone, Copy, Default)]
struct Sight {
    newest: PublicId,
    marker: PublicId,
}

/// What a reader must see at least, by position.
type Written = Arc<RwLock<BTreeMap<Position, Sight>>>;

/// A reader of the room, by one of [`WAYS`] queries.
#[derive(Debug, Clone, Copy)]
struct Reader {
    room: ConversationId,
    bob: UserId,
    viewer: UserId,
    way: usize,
}

const WAYS: usize = 4;

impl Reader {
    /// Queries until it is stopped; returns how often.
    async fn look(self, views: Views, written: Written, stop: CancellationToken) -> usize {
        let mut looks = 0;
        while !stop.is_cancelled() {
            let position = views.progress().position();
            let least = written.read().unwrap().range(..=position).next_back().map(|(_, at)| *at);
            let least = least.unwrap_or_default();
            let found = self.see(&views).await;
            let is_fresh = found.newest >= least.newest && found.marker >= least.marker;
            assert!(is_fresh, "{self:?} at {position}: {found:?} instead of {least:?}");
            looks += 1;
        }
        looks
    }

    async fn see(self, views: &Views) -> Sight {
        match self.way {
            0 => {
                let view =
                    views.view(AccountId::FIRST, Viewer::User(self.viewer), self.room, false).await;
                self.see_view(&view.unwrap().unwrap())
            }
            1 => {
                let filter = Filter { kinds: KINDS.to_vec(), top: 10, ..Filter::default() };
                let page = views.list(self.viewer, &filter).await.unwrap();
                self.see_view(&page.items[0])
            }
            2 => {
                let any = Flags::default();
                let slice = views.entries(self.bob, any, Cursor::Top, 10).await.unwrap();
                let entry = &slice.items[0];
                let newest = entry.conversation.newest_id().unwrap_or_default();
                Sight { newest, marker: entry.state.marker.unwrap_or_default() }
            }
            _ => {
                let page = views.messages(self.room, true, 1, 0).await.unwrap();
                let newest = page.items.first().map(|shown| shown.message.id).unwrap_or_default();
                let reads = views.reads(self.bob, self.room, Cursor::Top, 5).await.unwrap();
                let read = reads.items.iter().filter(|read| read.read_at.is_some());
                Sight { newest, marker: read.map(|read| read.message.id).max().unwrap_or_default() }
            }
        }
    }

    fn see_view(self, view: &View) -> Sight {
        let mut members = view.members();
        let (bob, _) = members.find(|(member, _)| member.user == self.bob).unwrap();
        let newest = view.conversation.newest_id().unwrap_or_default();
        Sight { newest, marker: bob.marker.unwrap_or_default() }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_never_older_than_the_position_that_its_node_claims() {
    let mut world = World::new().await;
    let (ann, bob) = (world.register("ann").await, world.register("bob").await);
    let room = world.room(&[ann, bob]).await;
    let projecting = Node::start(&world.log, MODELS);
    projecting.wait_for(3).await;
    let standby = Node::start_beside(&world, MODELS).await;
    standby.wait_for(3).await;

    let (written, stop) = (Written::default(), CancellationToken::new());
    let mut readers = JoinSet::new();
    for node in [&projecting, &standby] {
        for (way, viewer) in (0..WAYS).flat_map(|way| [(way, ann), (way, bob)]) {
            let reader = Reader { room, bob, viewer, way };
            readers.spawn(reader.look(node.views.clone(), written.clone(), stop.clone()));
        }
    }
    let (began, mut sight) = (Instant::now(), Sight::default());
    while began.elapsed() < Duration::from_secs(4) {
        sight.newest = world.say(room, ann, "hi").await;
        let position = world.log.head().await.unwrap();
        written.write().unwrap().insert(Position::new(position.get()), sight);
        sight.marker = sight.newest;
        let read = ChangeCommand::MarkRead { message: Some(sight.marker) };
        assert!(world.change(room, bob, read).await);
        let position = world.log.head().await.unwrap();
        written.write().unwrap().insert(Position::new(position.get()), sight);
    }
    standby.wait_for(world.log.head().await.unwrap().get()).await;
    stop.cancel();
    while let Some(looks) = readers.join_next().await {
        let looks = looks.unwrap();
        assert!(looks > 10, "{looks} looks are too few");
    }
    standby.stop().await;
    projecting.stop().await;
}
