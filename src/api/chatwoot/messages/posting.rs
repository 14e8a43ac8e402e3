//! Posting a message in a conversation that agents may mute at the same moment.

use domain::conversation::{Conversation as Aggregate, Refusal};
use domain::participation::{self, ChangeCommand, Membership, Participation};
use domain::{ConversationId, MembershipId, UserId};
use event_store::Together;
use projections::views::support::SupportConversation;

use super::draft::Draft;

/// What posts a message, if there is one. `known` is the conversation as last read; `None` if it is
/// not found, or if the message is not incoming.
///
/// An incoming message reopens a resting conversation unless it is muted, and the mute is in
/// another stream. Where it matters, the same commit checks the mute; it fails with
/// [`Refusal::MuteUnknown`] if the mute has changed since it was read.
pub(in crate::chatwoot) fn posting(
    id: ConversationId,
    known: Option<&SupportConversation>,
    draft: Option<Draft>,
) -> Together<Refusal> {
    let matters = known.is_none_or(|known| known.status.rests())
        && draft.as_ref().is_some_and(Draft::is_incoming);
    let muted = matters.then(|| known.is_some_and(|known| known.muted));
    let post = draft.map(|draft| draft.post(muted)).into_iter().collect();
    let together = Together::of::<Aggregate>(id, post);
    let Some(muted) = muted else { return together };
    let user = UserId::AGENTS;
    // A new conversation is not muted; the default membership is older than any real one.
    let membership =
        known.map_or_else(MembershipId::default, |known| MembershipId::new(known.number.get()));
    let membership = Membership { conversation: id, user, id: membership };
    let over_since = known.and_then(|known| known.mute_over_since);
    let change = ChangeCommand::ExpectMuted { muted, over_since };
    let expect = participation::Command { membership, change };
    let stream = domain::participation_id(id, user);
    together.and_refused_as::<Participation>(stream, vec![expect], |_refusal| Refusal::MuteUnknown)
}
