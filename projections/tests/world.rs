//! A log with a writer and a projector, and helpers that speak the domain.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::conversation::{self, Conversation, Create, Kind};
use domain::participation::{self, ChangeCommand, Membership, Participation};
use domain::user::{self, Profile, User};
use domain::{
    AccountId, AccountPosition, ConversationId, Decider, MembershipId, Position, PublicId, UserId,
};
use event_store::testing::context;
use event_store::{Budget, Commands, Log, LogEvent, Settings};
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::node::Node;
use crate::{Generation, MODELS, Model, PLANNER, QUERIES, Views};

/// Every kind but support.
pub(crate) const KINDS: [Kind; 3] = [Kind::Private, Kind::Room, Kind::Contextual];

/// A log with a writer, and callers who know their memberships.
pub(crate) struct World {
    pub(crate) log: Log,
    commands: Commands,
    memberships: BTreeMap<(ConversationId, UserId), MembershipId>,
    read: i64,
}

/// Connections with a server's planner settings.
pub(crate) async fn pool() -> PgPool {
    pool_with(&[]).await
}

/// The same with further settings.
async fn pool_with(settings: &[(&str, &str)]) -> PgPool {
    let url = event_store::testing::database().await.url;
    let options: PgConnectOptions = url.parse().unwrap();
    // For the tests' own statements; Colloquy's connections choose their generation themselves.
    let path = Generation::live().schemas().join(",") + ",public";
    let options = options.options([("search_path", &path)]);
    let options = options.options(PLANNER.iter().chain(settings).copied());
    PgPoolOptions::new().max_connections(10).connect_with(options).await.unwrap()
}

/// Connections to the same database for queries alone; readers do not give them back.
pub(crate) fn for_reading(pool: &PgPool, connections_max: u32) -> PgPool {
    let options = (*pool.connect_options()).clone().options(QUERIES.iter().copied());
    PgPoolOptions::new().max_connections(connections_max).connect_lazy_with(options)
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with_settings(&[]).await
    }

    pub(crate) async fn with_settings(settings: &[(&str, &str)]) -> Self {
        let pool = pool_with(settings).await;
        let log = event_store::testing::on(pool).await.unwrap();
        let commands = Commands::start(log.clone(), &Settings::default(), CancellationToken::new());
        Self { log, commands, memberships: BTreeMap::new(), read: 0 }
    }

    pub(crate) fn pool(&self) -> &PgPool {
        self.log.pool()
    }

    /// Connections of another node.
    pub(crate) async fn another_pool(&self) -> PgPool {
        let options = (*self.pool().connect_options()).clone();
        PgPoolOptions::new().max_connections(10).connect_with(options).await.unwrap()
    }

    pub(crate) async fn register(&mut self, uid: &str) -> UserId {
        let id = domain::user_id(AccountId::FIRST, uid);
        let profile =
            Profile { name: Some(capitalized(uid).as_str().into()), ..Profile::default() };
        let command = user::Command::RegisterUser { uid: uid.to_owned(), profile };
        let context = context(uid);
        self.commands.execute::<User>(id, command, &context).await.unwrap();
        id
    }

    /// Runs a command on any aggregate; returns whether the domain accepted it.
    pub(crate) async fn ask<A: Decider>(&self, id: A::Id, command: A::Command) -> bool {
        self.commands.execute::<A>(id, command, &context("ann")).await.is_ok()
    }

    /// Runs a command on a user; returns whether the domain accepted it.
    pub(crate) async fn register_as(&mut self, uid: &str, command: user::Command) -> bool {
        let id = domain::user_id(AccountId::FIRST, uid);
        self.commands.execute::<User>(id, command, &context("ann")).await.is_ok()
    }

    pub(crate) async fn update_user(&mut self, id: UserId, command: user::Command) {
        self.commands.execute::<User>(id, command, &context("ann")).await.unwrap();
    }

    /// Runs a command on a conversation; returns whether the domain accepted it.
    pub(crate) async fn tell(
        &mut self,
        id: ConversationId,
        command: conversation::Command,
    ) -> bool {
        let context = context("ann");
        self.commands.execute::<Conversation>(id, command, &context).await.is_ok()
    }

    /// Runs a member's command; returns whether the user is a member and the domain accepted it.
    pub(crate) async fn change(
        &mut self,
        id: ConversationId,
        user: UserId,
        change: ChangeCommand,
    ) -> bool {
        let Some(membership) = self.membership(id, user).await else { return false };
        self.change_as(Membership { conversation: id, user, id: membership }, change).await
    }

    /// The same for a membership that may have ended.
    pub(crate) async fn change_as(&self, membership: Membership, change: ChangeCommand) -> bool {
        let command = participation::Command { membership, change };
        let stream = domain::participation_id(membership.conversation, membership.user);
        self.commands.execute::<Participation>(stream, command, &context("ann")).await.is_ok()
    }

    pub(crate) async fn room(&mut self, members: &[UserId]) -> ConversationId {
        let id = Uuid::now_v7().into();
        assert!(self.tell(id, create(Kind::Room, members, None)).await);
        id
    }

    pub(crate) async fn say(&mut self, id: ConversationId, author: UserId, text: &str) -> PublicId {
        assert!(self.tell(id, post(author, text)).await);
        self.account_position().await.into()
    }

    /// The account position of the newest event.
    pub(crate) async fn account_position(&self) -> AccountPosition {
        sqlx::query_scalar("select max(account_position) from events where account_id = 1")
            .fetch_one(self.pool())
            .await
            .unwrap()
    }

    pub(crate) async fn membership(
        &mut self,
        id: ConversationId,
        user: UserId,
    ) -> Option<MembershipId> {
        self.learn_memberships().await;
        self.memberships.get(&(id, user)).copied()
    }

    async fn learn_memberships(&mut self) {
        for recorded in self.log.read(Position::new(self.read), 10_000).await.unwrap() {
            self.read = recorded.position.get();
            if recorded.aggregate_type != "conversation" {
                continue;
            }
            let event: conversation::Event = recorded.decode().unwrap();
            let conversation = ConversationId::new(recorded.aggregate_id);
            let membership = MembershipId::from(recorded.account_position);
            let key = |user: &UserId| (conversation, *user);
            match event {
                conversation::Event::ConversationCreated { members, .. } => {
                    self.memberships.extend(members.iter().map(|user| (key(user), membership)));
                }
                conversation::Event::MemberAdded { user } => {
                    self.memberships.insert(key(&user), membership);
                }
                conversation::Event::MemberRemoved { user } => {
                    self.memberships.remove(&key(&user));
                }
                conversation::Event::ConversationDeleted => {
                    self.memberships.retain(|(id, _), _| *id != conversation);
                }
                _ => {}
            }
        }
    }

    pub(crate) async fn events(&self) -> Vec<Arc<LogEvent>> {
        let mut events = Vec::new();
        loop {
            let more = self
                .log
                .tail()
                .read(Position::new(events.len() as i64), Budget::default())
                .await
                .unwrap();
            if more.is_empty() {
                return events;
            }
            events.extend(more);
        }
    }

    /// The position of each read model.
    pub(crate) async fn checkpoints(&self) -> BTreeMap<String, Position> {
        let rows: Vec<(String, Position)> =
            sqlx::query_as("select name, position from checkpoints where name = any($1)")
                .bind(Generation::live().schemas())
                .fetch_all(self.pool())
                .await
                .unwrap();
        let model = |name: String| name.rsplit_once('_').unwrap().0.to_owned();
        rows.into_iter().map(|(name, position)| (model(name), position)).collect()
    }

    /// How often the projector's lease was taken.
    pub(crate) async fn terms(&self) -> i64 {
        sqlx::query_scalar("select epoch from leases where name = $1")
            .bind(Generation::live().lease())
            .fetch_one(self.pool())
            .await
            .unwrap()
    }

    /// Runs a node until the read models have caught up, and stops it.
    pub(crate) async fn project(&self) -> Views {
        self.project_with(MODELS).await
    }

    pub(crate) async fn project_with(&self, models: &[Model]) -> Views {
        let node = Node::start(&self.log, models);
        node.wait_for(self.log.head().await.unwrap().get()).await;
        let views = node.views.clone();
        node.stop().await;
        views
    }
}

fn capitalized(uid: &str) -> String {
    uid[..1].to_uppercase() + &uid[1..]
}

pub(crate) fn create(kind: Kind, members: &[UserId], uid: Option<&str>) -> conversation::Command {
    conversation::Command::CreateConversation(Create {
        kind,
        creator: members.first().copied(),
        members: members.to_vec(),
        uid: uid.map(str::to_owned),
        name: None,
        description: None,
        metadata: None,
        tags: vec![],
    })
}

pub(crate) fn post(author: UserId, text: &str) -> conversation::Command {
    conversation::Command::PostMessage {
        message: Uuid::now_v7().into(),
        author,
        text: text.into(),
        metadata: None,
        tags: vec![],
    }
}
