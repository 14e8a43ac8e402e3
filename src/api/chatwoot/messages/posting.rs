//! A message, in a conversation that agents may mute at the same moment.

use domain::conversation::{Command, Conversation as Aggregate, Refusal};
use domain::participation::{self, ChangeCommand, Membership, Participation};
use domain::{ConversationId, MembershipId, UserId};
use event_store::Together;
use projections::views::support::SupportConversation;

use super::draft::Draft;

/// Commands on a conversation, and a message there. `known` is none where there was none yet, and
/// where nothing comes in.
///
/// An incoming message opens a resting conversation unless it is muted, which is in another stream:
/// where that matters as far as is known, it is looked at in the same commit.
/// [`Refusal::MuteUnknown`] says that something else was known than is so.
pub(in crate::chatwoot) fn posting(
    id: ConversationId,
    known: Option<&SupportConversation>,
    mut commands: Vec<Command>,
    draft: Option<Draft>,
) -> Together<Refusal> {
    let matters = known.is_none_or(|known| known.status.rests())
        && draft.as_ref().is_some_and(Draft::is_incoming);
    let muted = matters.then(|| known.is_some_and(|known| known.muted));
    commands.extend(draft.map(|draft| draft.post(muted)));
    let together = Together::of::<Aggregate>(id, commands);
    let Some(muted) = muted else { return together };
    let user = UserId::AGENTS;
    // One that does not exist yet is not muted: any membership is newer than this.
    let membership =
        known.map_or_else(MembershipId::default, |known| MembershipId::new(known.number.get()));
    let membership = Membership { conversation: id, user, id: membership };
    let over_since = known.and_then(|known| known.mute_over_since);
    let change = ChangeCommand::ExpectMuted { muted, over_since };
    let expect = participation::Command { membership, change };
    let stream = domain::participation_id(id, user);
    together.and_refused_as::<Participation>(stream, vec![expect], |_refusal| Refusal::MuteUnknown)
}
