//! Random commands on an account's support desk.

use domain::conversation::support::{
    Opening, Priority, Sender, Status, SupportCommand, SupportMessage,
};
use domain::conversation::{self, Conversation};
use domain::participation::{ChangeCommand, Reading};
use domain::{ConversationId, TeamId, UserId};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::json;

use super::desk_world::{Office, incoming, outgoing, said};

impl Office {
    /// Runs commands of several callers concurrently.
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
                said(SupportMessage { muted: Some(n.is_multiple_of(5)), ..message })
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

    /// Changes the state that agents share, or the assignee's.
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
