//! A support desk: an account with inboxes, agents, teams and contacts.

use std::sync::Arc;

use domain::contact::{self, Contact};
use domain::contact_link::{self, ContactLink};
use domain::conversation::support::{
    ContentType, CreateSupport, Direction, Opening, Remark, Sender, Status, SupportCommand,
    SupportMessage,
};
use domain::conversation::{self, Conversation};
use domain::group::MembersChange;
use domain::inbox::{self, Channel, Inbox};
use domain::participation::{ChangeCommand, Membership};
use domain::team::{self, Teams};
use domain::{
    AccountId, ContactId, ContactLinkId, ConversationId, InboxId, MembershipId, MessageId, TeamId,
    UserId,
};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::json;
use uuid::Uuid;

use super::World;

/// The account that everything belongs to.
pub(crate) const ACCOUNT: AccountId = AccountId::FIRST;

/// An account with a support desk, and the ids of what belongs to it.
#[derive(Clone)]
pub(crate) struct Office {
    pub(crate) world: Arc<World>,
    pub(crate) random: StdRng,
    pub(crate) agents: Vec<UserId>,
    pub(crate) inboxes: Vec<InboxId>,
    pub(crate) teams: Vec<TeamId>,
    pub(crate) links: Vec<(ContactId, InboxId, ContactLinkId, String)>,
    pub(crate) conversations: Vec<ConversationId>,
    pub(super) messages: Vec<(ConversationId, MessageId)>,
    pub(super) steps: usize,
}

/// An opening with status open and nothing optional.
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

/// A message from a contact.
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
        muted: Some(false),
    }
}

/// A message from an agent.
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

    /// Creates a conversation, with `change` applied to its opening.
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

    /// Runs a command; returns whether the domain accepted it.
    pub(crate) async fn tell(&self, id: ConversationId, command: SupportCommand) -> bool {
        self.world.ask::<Conversation>(id, conversation::Command::Support(command)).await
    }

    /// Changes the state of the agents or of the assignee; returns whether the domain accepted it.
    pub(crate) async fn share(
        &self,
        conversation: ConversationId,
        user: UserId,
        change: ChangeCommand,
    ) -> bool {
        let membership = Membership { conversation, user, id: MembershipId::new(1) };
        self.world.change_as(membership, change).await
    }
}
