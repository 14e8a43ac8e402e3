use domain::conversation::{self, Kind};
use domain::participation::{ChangeCommand, Reading};
use domain::user::{self, Profile};
use domain::{AccountId, ConversationId, MessageId, PublicId, UserId};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::Map;
use uuid::Uuid;

use super::world::{World, create, post};

/// Legal and refused commands in a random order, by five users in five conversations.
pub(super) async fn random_history(seed: u64, commands: usize) -> World {
    let mut history = History::begin(seed).await;
    history.go_on_for(commands).await;
    history.world
}

/// A random history that goes on step by step.
pub(super) struct History {
    pub(super) world: World,
    random: StdRng,
    pub(super) users: Vec<UserId>,
    pub(super) rooms: Vec<ConversationId>,
    /// Public numbers, some of which belong to no message.
    messages: Vec<PublicId>,
    /// Messages, each with its conversation and its author; some were never accepted.
    spoken: Vec<(ConversationId, UserId, MessageId)>,
    steps: usize,
}

impl History {
    pub(super) async fn begin(seed: u64) -> Self {
        let mut world = World::new().await;
        let mut users = Vec::new();
        for uid in ["ann", "bob", "cyd", "dan", "eve"] {
            users.push(world.register(uid).await);
        }
        let mut rooms = vec![domain::private_chat_id(AccountId::FIRST, users[0], users[1], 0)];
        world.tell(rooms[0], create(Kind::Private, &users[..2], None)).await;
        rooms.push(domain::contextual_chat_id(AccountId::FIRST, "order-1", 0));
        world.tell(rooms[1], create(Kind::Contextual, &users[1..4], Some("order-1"))).await;
        for members in [&users[..], &users[..3], &users[2..]] {
            rooms.push(world.room(members).await);
        }
        let spoken = vec![(rooms[0], users[0], MessageId::new(Uuid::nil()))];
        let random = StdRng::seed_from_u64(seed);
        Self { world, random, users, rooms, messages: vec![PublicId::new(1)], spoken, steps: 0 }
    }

    pub(super) async fn go_on_for(&mut self, commands: usize) {
        for _ in 0..commands {
            self.go_on().await;
        }
    }

    pub(super) async fn go_on(&mut self) {
        let Self { world, random, users, rooms, messages, spoken, steps: n } = self;
        *n += 1;
        let n = *n;
        let room = rooms[random.random_range(0..rooms.len())];
        let user = users[random.random_range(0..users.len())];
        let message = messages[random.random_range(0..messages.len())];
        let in_2030 = "2030-01-01T00:00:00Z".parse().unwrap();
        use conversation::Command::*;
        let accepted = match random.random_range(0..32) {
            27 => {
                let message = spoken[random.random_range(0..spoken.len())];
                world.tell(message.0, PinMessage { message: message.2 }).await
            }
            28 if n % 3 == 0 => world.tell(room, UnpinMessage).await,
            28 => {
                let avatar_url = Some(format!("picture {n}").as_str().into());
                world.tell(room, ChangeAvatar { avatar_url }).await
            }
            24 | 25 => {
                let message = spoken[random.random_range(0..spoken.len())];
                let (room, author, message) = message;
                if n % 3 == 0 {
                    let text = format!("edited {n}").as_str().into();
                    let (metadata, tags) = (None, vec![]);
                    world.tell(room, EditMessage { message, author, text, metadata, tags }).await
                } else {
                    world.tell(room, DeleteMessage { message }).await
                }
            }
            26 if n % 40 == 0 => world.tell(room, DeleteConversation).await,
            0..7 => {
                let command = post(user, &format!("message {n}"));
                if let PostMessage { message, .. } = command {
                    spoken.push((room, user, message));
                }
                let accepted = world.tell(room, command).await;
                messages.push(world.account_position().await.into());
                accepted
            }
            7 => world.tell(room, TrashConversation).await,
            8 => world.tell(room, RestoreConversation).await,
            9 => world.tell(room, AddMember { user }).await,
            10 => world.tell(room, RemoveMember { user }).await,
            11 => {
                world
                    .tell(
                        room,
                        RenameConversation { name: Some(format!("name {n}").as_str().into()) },
                    )
                    .await
            }
            31 => {
                let name = Some(format!("User {n}").as_str().into());
                let profile = Profile { name, ..Profile::default() };
                world.update_user(user, user::Command::UpdateUser { profile }).await;
                true
            }
            12 if n % 2 == 0 => {
                let metadata = Map::from_iter([("n".to_owned(), n.into())]);
                let metadata = (n % 4 == 0).then_some(metadata);
                world.tell(room, ChangeMetadata { metadata }).await
            }
            12 => world.tell(room, TagConversation { tags: vec![format!("tag{n}")] }).await,
            own => {
                let change = match own {
                    13 => ChangeCommand::MarkRead { message: None },
                    14 | 15 => ChangeCommand::MarkRead { message: Some(message) },
                    16 => ChangeCommand::MarkUnread,
                    17 => ChangeCommand::PinConversation,
                    18 => ChangeCommand::UnpinConversation,
                    19 if n % 4 > 0 => ChangeCommand::MuteConversation { until: Some(in_2030) },
                    19 => ChangeCommand::MuteConversation { until: None },
                    20 => ChangeCommand::UnmuteConversation,
                    21 => ChangeCommand::ArchiveConversation { at: in_2030 },
                    22 => ChangeCommand::UnarchiveConversation,
                    29 => ChangeCommand::OpenConversation {
                        reading: Reading::Whole(Some(message)),
                        as_of: None,
                    },
                    30 => {
                        let reading =
                            Reading::UpTo(if n % 3 == 0 { PublicId::new(0) } else { message });
                        ChangeCommand::OpenConversation { reading, as_of: Some(in_2030) }
                    }
                    _ if n % 2 == 0 => ChangeCommand::StarConversation,
                    _ => ChangeCommand::Unsubscribe,
                };
                world.change(room, user, change).await
            }
        };
        // Refusals leave no trace; a comparison with a fold of the log would show one.
        let _ = accepted;
    }
}
