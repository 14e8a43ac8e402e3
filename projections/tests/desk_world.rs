//! A support desk with commands in a random order, most of them legal.

use std::sync::Arc;

use domain::contact::{self, Contact};
use domain::contact_link::{self, ContactLink};
use domain::conversation::support::{
    ContentType, CreateSupport, Direction, Opening, Priority, Remark, Sender, Status,
    SupportCommand, SupportMessage,
};
use domain::conversation::{self, Conversation};
use domain::group::MembersChange;
use domain::inbox::{self, Channel, Inbox};
use domain::participation::{ChangeCommand, Membership, Reading};
use domain::team::{self, Teams};
use domain::{
    AccountId, ContactId, ContactLinkId, ConversationId, InboxId, MembershipId, MessageId, TeamId,
    UserId,
};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::json;
use uuid::Uuid;

use super::World;

/// Whose everything is.
pub(crate) const ACCOUNT: AccountId = AccountId::FIRST;

/// An account with inboxes, agents, teams and contacts, and somebody who works there.
#[derive(Clone)]
pub(crate) struct Office {
    pub(crate) world: Arc<World>,
    pub(crate) random: StdRng,
    pub(crate) agents: Vec<UserId>,
    pub(crate) inboxes: Vec<InboxId>,
    pub(crate) teams: Vec<TeamId>,
    pub(crate) links: Vec<(ContactId, InboxId, ContactLinkId, String)>,
    pub(crate) conversations: Vec<ConversationId>,
    messages: Vec<(ConversationId, MessageId)>,
    steps: usize,
}

/// A blank one that is open.
pub(crate) fn opening(inbox: InboxId, contact: ContactId, link: ContactLinkId) -> Opening {
    Opening {
        inbox,
        contact,
        link,
        status: Status::Open,
        snoozed_until: None,
        priority: None,
        assignee: None,
        team: None,
    }
}

/// What a contact writes.
pub(crate) fn incoming(contact: ContactId, text: &str) -> SupportMessage {
    SupportMessage {
        message: Uuid::now_v7().into(),
        author: None,
        text: text.into(),
        remark: Remark {
            direction: Direction::Incoming,
            sender: Sender::Contact,
            contact: Some(contact),
            private: false,
            content_type: ContentType::Text,
            echo_id: None,
        },
        content_attributes: serde_json::Map::new(),
        source_id: None,
        muted: false,
    }
}

/// What an agent writes.
pub(crate) fn outgoing(author: UserId, text: &str) -> SupportMessage {
    let remark = Remark {
        direction: Direction::Outgoing,
        sender: Sender::Person,
        contact: None,
        private: false,
        content_type: ContentType::Text,
        echo_id: Some("echo".to_owned()),
    };
    SupportMessage { author: Some(author), remark, ..incoming(ContactId::new(Uuid::nil()), text) }
}

pub(crate) fn said(message: SupportMessage) -> SupportCommand {
    SupportCommand::PostMessage(Box::new(message))
}

impl Office {
    /// Three inboxes, four agents, three teams and six contacts.
    pub(crate) async fn open(seed: u64) -> Self {
        let mut world = World::new().await;
        let mut agents = Vec::new();
        for uid in ["ann", "bob", "cyd", "dan"] {
            agents.push(world.register(uid).await);
        }
        let (world, random) = (Arc::new(world), StdRng::seed_from_u64(seed));
        let (inboxes, teams, links) = (vec![], vec![], vec![]);
        let (conversations, messages) = (vec![], vec![]);
        let mut office = Self {
            world,
            random,
            agents,
            inboxes,
            teams,
            links,
            conversations,
            messages,
            steps: 0,
        };
        for name in ["web", "mail", "chat"] {
            office.add_inbox(name).await;
        }
        for name in ["sales", "support", "gone"] {
            office.add_team(name).await;
        }
        for n in 0..6 {
            office.add_contact(n).await;
        }
        office
    }

    async fn add_inbox(&mut self, name: &str) {
        let id = InboxId::new(Uuid::now_v7());
        let settings = inbox::Settings { name: Some(name.into()), ..inbox::Settings::default() };
        let command = inbox::Command::CreateInbox { channel: Channel::Api, settings };
        assert!(self.world.ask::<Inbox>(id, command).await);
        let change = MembersChange::Exactly(self.agents[..2].to_vec());
        let command = inbox::Command::SetInboxMembers { change };
        assert!(self.world.ask::<Inbox>(id, command).await);
        self.inboxes.push(id);
    }

    async fn add_team(&mut self, name: &str) {
        let id = TeamId::new(Uuid::now_v7());
        let settings = team::Settings { name: Some(name.into()), ..team::Settings::default() };
        self.tell_team(id, team::Change::CreateTeam { settings }).await;
        self.teams.push(id);
    }

    pub(crate) async fn tell_team(&self, team: TeamId, change: team::Change) {
        let command = team::Command { team, change };
        assert!(self.world.ask::<Teams>(domain::teams_id(ACCOUNT), command).await);
    }

    async fn add_contact(&mut self, n: usize) {
        let id = ContactId::new(Uuid::now_v7());
        let profile = contact::Profile {
            name: Some(format!("Contact {n}").as_str().into()),
            email: Some(format!("c{n}@example.com").as_str().into()),
            ..contact::Profile::default()
        };
        let command = contact::Command::CreateContact { profile };
        assert!(self.world.ask::<Contact>(id, command).await);
        let inbox = self.inboxes[n % self.inboxes.len()];
        let source_id = format!("source-{n}");
        let link = domain::contact_link_id(ACCOUNT, inbox, &source_id);
        let command = contact_link::Command::LinkContact {
            contact: id,
            inbox,
            source_id: source_id.as_str().into(),
        };
        assert!(self.world.ask::<ContactLink>(link, command).await);
        self.links.push((id, inbox, link, source_id));
    }

    /// A conversation, like `opening` makes it.
    pub(crate) async fn converse(
        &mut self,
        link: usize,
        change: impl FnOnce(Opening) -> Opening,
    ) -> ConversationId {
        let (contact, inbox, link, source_id) = self.links[link].clone();
        let create = CreateSupport {
            creator: None,
            opening: change(opening(inbox, contact, link)),
            source_id: source_id.as_str().into(),
            additional_attributes: serde_json::Map::new(),
            custom_attributes: serde_json::Map::from_iter([("vip".to_owned(), json!(true))]),
        };
        let id = ConversationId::new(Uuid::now_v7());
        let command = conversation::Command::CreateSupport(Box::new(create));
        assert!(self.world.ask::<Conversation>(id, command).await);
        self.conversations.push(id);
        id
    }

    /// Whether the domain accepted it.
    pub(crate) async fn tell(&self, id: ConversationId, command: SupportCommand) -> bool {
        self.world.ask::<Conversation>(id, conversation::Command::Support(command)).await
    }

    /// Whether the domain accepted what the agents, or the assignee, do.
    pub(crate) async fn share(
        &self,
        conversation: ConversationId,
        user: UserId,
        change: ChangeCommand,
    ) -> bool {
        let membership = Membership { conversation, user, id: MembershipId::new(1) };
        self.world.change_as(membership, change).await
    }

    /// Commands of several callers at once.
    pub(crate) async fn go_on_for(&mut self, callers: usize, commands: usize) {
        let working = (0..callers).map(|caller| {
            let mut caller_office = self.clone();
            caller_office.random = StdRng::seed_from_u64(caller as u64);
            async move {
                for _ in 0..commands {
                    caller_office.go_on().await;
                }
            }
        });
        futures::future::join_all(working.collect::<Vec<_>>()).await;
    }

    pub(crate) async fn go_on(&mut self) {
        self.steps += 1;
        let n = self.steps;
        let pick = self.random.random_range(0..40);
        if pick < 5 || self.conversations.is_empty() {
            let link = self.random.random_range(0..self.links.len());
            let status = *Status::ALL.choose(&mut self.random).unwrap();
            let assignee = self.random_agent();
            let team = self.random_team();
            self.converse(link, |opening| Opening { status, assignee, team, ..opening }).await;
            return;
        }
        let id = *self.conversations.choose(&mut self.random).unwrap();
        let text = format!("word {n} of {}%", n % 7);
        use SupportCommand::*;
        let command = match pick {
            5..12 => {
                let contact = self.links[n % self.links.len()].0;
                let message = incoming(contact, &text);
                self.messages.push((id, message.message));
                said(SupportMessage { muted: n.is_multiple_of(5), ..message })
            }
            12..17 => {
                let author = self.agents[n % 3];
                let mut message = outgoing(author, &text);
                message.remark.private = n.is_multiple_of(3);
                if n.is_multiple_of(4) {
                    message.remark.sender = Sender::Bot;
                }
                self.messages.push((id, message.message));
                said(message)
            }
            17..21 => {
                let status = *Status::ALL.choose(&mut self.random).unwrap();
                ChangeStatus { status, agent: self.random_agent() }
            }
            21 => ToggleStatus { agent: None },
            22 => Snooze { until: Some("2999-01-01T00:00:00Z".parse().unwrap()) },
            23 | 24 => {
                let priority = Priority::ALL.choose(&mut self.random).copied();
                SetPriority { priority: priority.filter(|_| !n.is_multiple_of(3)) }
            }
            25..28 => AssignAgent { agent: self.random_agent() },
            28 => AssignTeam { team: self.random_team(), members: None },
            29 => {
                let members = Some(self.agents[..1].to_vec());
                AssignTeam { team: self.random_team(), members }
            }
            30 | 31 => {
                let labels = [vec![], vec!["a"], vec!["a", "b"], vec!["c"]];
                let labels = labels.choose(&mut self.random).unwrap();
                ReplaceLabels { labels: labels.iter().map(|label| (*label).to_owned()).collect() }
            }
            32 => {
                let attributes = serde_json::Map::from_iter([("n".to_owned(), json!(n))]);
                MergeCustomAttributes { attributes }
            }
            33 => {
                let Some((of, message)) = self.messages.choose(&mut self.random).copied() else {
                    return;
                };
                let command = conversation::Command::DeleteMessage { message };
                self.world.ask::<Conversation>(of, command).await;
                return;
            }
            34 if n.is_multiple_of(4) => {
                let command = conversation::Command::DeleteConversation;
                self.world.ask::<Conversation>(id, command).await;
                return;
            }
            _ => {
                self.look(id, n, pick).await;
                return;
            }
        };
        self.tell(id, command).await;
    }

    /// What the agents share.
    async fn look(&mut self, id: ConversationId, n: usize, pick: usize) {
        let user = if n.is_multiple_of(3) { UserId::ASSIGNEE } else { UserId::AGENTS };
        let long_ago = "2020-01-01T00:00:00Z".parse().unwrap();
        let change = match pick {
            35 | 36 => {
                let reading = Reading::Whole(Some(self.world.account_position().await.into()));
                ChangeCommand::OpenConversation { reading, as_of: None }
            }
            37 => {
                ChangeCommand::MarkUnreadSince { as_of: (n.is_multiple_of(2)).then_some(long_ago) }
            }
            38 => ChangeCommand::MuteConversation { until: None },
            _ => ChangeCommand::UnmuteConversation,
        };
        self.share(id, user, change).await;
    }

    fn random_agent(&mut self) -> Option<UserId> {
        self.agents[..3].choose(&mut self.random).copied().filter(|_| !self.steps.is_multiple_of(3))
    }

    fn random_team(&mut self) -> Option<TeamId> {
        self.teams.choose(&mut self.random).copied().filter(|_| !self.steps.is_multiple_of(2))
    }
}
