//! Commands that more than one dialect issues.

use domain::conversation::{self, Conversation, Create, Event, Refusal};
use domain::participation::{ChangeCommand, Command, Membership, Participation};
use domain::{ConversationId, ParticipationId, Text, UserId};
use event_store::{CommandError, Outcome};
use projections::Message;
use serde_json::{Map, Value};

use super::failure::Failure;
use super::permissions::Reach;
use super::request::Request;
use super::successor::first_left;

/// Most members that one command may name: with more, its event alone would be unwieldy.
pub(crate) const MEMBERS_MAX: usize = 10_000;
/// How often one request recreates a private chat that other requests keep erasing.
const ATTEMPTS_MAX: usize = 5;

impl Request {
    /// The outcome of the original request if this one repeats its idempotency key. What the
    /// original erased can no longer be loaded.
    pub(crate) async fn replay(&self) -> Result<Option<Outcome>, Failure> {
        let replayed = self.services.commands.replay(&self.context).await?;
        if let Some(outcome) = &replayed {
            self.wait_for(outcome).await?;
        }
        Ok(replayed)
    }

    /// Finds or creates the private chat of two users; returns the outcome of its command, and the
    /// chat as `find` reads it.
    pub(crate) async fn private_chat_found<T, F>(
        &self,
        user: UserId,
        other: UserId,
        find: impl Fn(ConversationId) -> F,
    ) -> Result<(Outcome, T), Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        for _ in 0..ATTEMPTS_MAX {
            let outcome = self.private_chat(user, other, None).await?;
            match find(outcome.aggregate_id.into()).await {
                Ok(found) => return Ok((outcome, found)),
                // Erased between the command and this read: try again, which creates another chat.
                Err(failure) if failure.is_not_found() && !outcome.replayed => {}
                Err(failure) => return Err(failure),
            }
        }
        Err(Failure::not_found())
    }

    /// The private chat of two users: created if there is none, restored if it is in the trash. It
    /// is new if its first event came from this command.
    pub(crate) async fn private_chat(
        &self,
        user: UserId,
        other: UserId,
        name: Option<Text>,
    ) -> Result<Outcome, Failure> {
        let account = self.account();
        let id = |before| domain::private_chat_id(account, user, other, before);
        let create = Create { name, ..Create::private(user, other) };
        self.execute_on_named(id, vec![conversation::Command::CreateConversation(create)]).await
    }

    /// Runs commands, of which the first creates the conversation, on a conversation whose id is
    /// derived from its name and from how many of that name were erased before.
    pub(crate) async fn execute_on_named(
        &self,
        id: impl Fn(u32) -> ConversationId,
        commands: Vec<conversation::Command>,
    ) -> Result<Outcome, Failure> {
        let mut erased_before = 0;
        let runner = &self.services.commands;
        let is_erased = async |erased_before| {
            let erased = &Event::ConversationDeleted;
            let ended = runner.log().ends_with::<Conversation>(id(erased_before), erased);
            Ok::<_, Failure>(ended.await?)
        };
        loop {
            let (id, commands) = (id(erased_before), commands.clone());
            match runner.execute_all::<Conversation>(id, commands, &self.context).await {
                // Erased conversations stay erased; the id of the next one counts them.
                Err(CommandError::Refused(Refusal::ConversationDeleted)) => {
                    erased_before = first_left(erased_before + 1, is_erased).await?;
                }
                outcome => {
                    let outcome = outcome?;
                    self.wait_for(&outcome).await?;
                    return Ok(outcome);
                }
            }
        }
    }

    /// Changes a conversation, all or nothing, if the caller has permission.
    pub(crate) async fn change_conversation(
        &self,
        id: ConversationId,
        trashed_too: bool,
        commands: Vec<conversation::Command>,
    ) -> Result<Outcome, Failure> {
        self.may_change(id, trashed_too, &commands).await?;
        self.execute_all::<Conversation>(id, commands).await
    }

    /// Edits the text of a message, as [`Self::edit`] does.
    pub(crate) async fn edit_text(&self, message: Message, text: Text) -> Result<Outcome, Failure> {
        let (metadata, tags) = (kept_metadata(&message), message.tags.clone());
        self.edit(message, text, metadata, tags).await
    }

    /// Edits a message. Without a change no event is written, but the request's idempotency key is
    /// claimed all the same.
    pub(crate) async fn edit(
        &self,
        message: Message,
        text: Text,
        metadata: Option<Map<String, Value>>,
        tags: Vec<String>,
    ) -> Result<Outcome, Failure> {
        let is_same = text.as_str() == message.text
            && metadata == kept_metadata(&message)
            && tags == message.tags;
        let edit = (!is_same).then_some(conversation::Command::EditMessage {
            message: message.uuid,
            author: message.author,
            text,
            metadata,
            tags,
        });
        let commands = edit.into_iter().collect();
        self.execute_all::<Conversation>(message.conversation, commands).await
    }

    /// Changes a member's own state, all or nothing.
    pub(crate) async fn change_own(
        &self,
        membership: Membership,
        changes: Vec<ChangeCommand>,
    ) -> Result<Outcome, Failure> {
        let (stream, commands) = own_commands(membership, changes);
        self.execute_all::<Participation>(stream, commands).await
    }

    /// Erases a conversation for everyone.
    pub(crate) async fn delete_conversation(
        &self,
        id: ConversationId,
        reach: Reach,
    ) -> Result<Outcome, Failure> {
        self.may_delete(id, reach).await?;
        self.execute::<Conversation>(id, conversation::Command::DeleteConversation).await
    }
}

pub(crate) fn kept_metadata(message: &Message) -> Option<Map<String, Value>> {
    message.metadata.as_ref().and_then(|kept| kept.as_object().cloned())
}

/// The stream of a member's own state, and the commands for it.
pub(crate) fn own_commands(
    membership: Membership,
    changes: Vec<ChangeCommand>,
) -> (ParticipationId, Vec<Command>) {
    let stream = domain::participation_id(membership.conversation, membership.user);
    (stream, changes.into_iter().map(|change| Command { membership, change }).collect())
}
