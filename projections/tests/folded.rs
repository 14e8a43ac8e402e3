use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::conversation::{self, Kind};
use domain::participation::{self, Participation};
use domain::{AccountPosition, ConversationId, Decider, MembershipId, MessageId, PublicId, UserId};
use event_store::LogEvent;

use crate::views::{Flags, UnreadCounts};

/// One membership of a conversation.
type Member = (ConversationId, UserId, MembershipId);

/// What everyone should see, folded one event at a time in the plainest way there is.
#[derive(Default)]
pub(super) struct Folded {
    pub(super) rooms: BTreeMap<ConversationId, Room>,
    own: BTreeMap<Member, Participation>,
    pins: BTreeMap<Member, AccountPosition>,
    opened: BTreeMap<Member, DateTime<Utc>>,
    /// Since when the member's marker has covered each message of the conversation.
    read: BTreeMap<Member, BTreeMap<PublicId, DateTime<Utc>>>,
}

#[derive(Default)]
pub(super) struct Room {
    pub(super) id: PublicId,
    kind: Option<Kind>,
    trashed: bool,
    members: BTreeMap<UserId, MembershipId>,
    messages: Vec<(PublicId, UserId)>,
    pinned_message: Option<MessageId>,
}

/// One line of a list: id, pinned, unread, starred, subscribed, trashed, newest message, members.
pub(super) type Line = (PublicId, bool, bool, bool, bool, bool, Option<PublicId>, usize);

impl Folded {
    pub(super) fn new(events: &[Arc<LogEvent>]) -> Self {
        use conversation::Event::*;
        let mut folded = Self::default();
        let mut folded_ids = BTreeMap::new();
        for event in events {
            let recorded = &event.recorded;
            let conversation = ConversationId::new(recorded.aggregate_id);
            let (id, membership) =
                (recorded.account_position.into(), recorded.account_position.into());
            match event.event.as_ref().unwrap() {
                domain::Event::Conversation(event) => {
                    let room = folded.rooms.entry(conversation).or_default();
                    match event {
                        ConversationCreated { kind, members, .. } => {
                            room.id = id;
                            room.kind = Some(*kind);
                            room.members = members.iter().map(|user| (*user, membership)).collect();
                        }
                        MemberAdded { user } => {
                            room.members.insert(*user, membership);
                        }
                        MemberRemoved { user } => {
                            room.members.remove(user);
                        }
                        MessagePosted { message, author, .. } => {
                            folded_ids.insert(*message, id);
                            room.messages.push((id, author.expect("a member wrote it")));
                        }
                        MessageDeleted { message } => {
                            let gone = folded_ids.get(message).copied();
                            room.messages.retain(|(id, _)| Some(*id) != gone);
                            room.pinned_message.take_if(|pinned| pinned == message);
                        }
                        ConversationDeleted => {
                            folded.rooms.remove(&conversation);
                        }
                        MessagePinned { message } => room.pinned_message = Some(*message),
                        MessageUnpinned => room.pinned_message = None,
                        ConversationTrashed => room.trashed = true,
                        ConversationRestored => room.trashed = false,
                        _ => {}
                    }
                }
                domain::Event::Participation(event) => {
                    let membership = event.membership;
                    let key = (membership.conversation, membership.user, membership.id);
                    folded.own.entry(key).or_default().evolve(event);
                    match event.change {
                        participation::Change::MarkedRead { message, as_of } => {
                            folded.opened.insert(key, as_of.unwrap_or(recorded.recorded_at));
                            let room = &folded.rooms[&membership.conversation];
                            if let Some(marker) = message {
                                let read = folded.read.entry(key).or_default();
                                read.retain(|id, _| *id <= marker);
                                for (id, _) in room.messages.iter().filter(|(id, _)| *id <= marker)
                                {
                                    read.entry(*id).or_insert(recorded.recorded_at);
                                }
                            }
                        }
                        participation::Change::MarkedUnread { .. } => {
                            folded.read.remove(&key);
                        }
                        participation::Change::ConversationPinned => {
                            folded.pins.insert(key, recorded.account_position);
                        }
                        participation::Change::ConversationUnpinned => {
                            folded.pins.remove(&key);
                        }
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        folded
    }

    pub(super) fn memberships(
        &self,
        user: UserId,
    ) -> impl Iterator<Item = (&Room, PublicId, serde_json::Value, Option<AccountPosition>, bool)>
    {
        self.rooms.iter().filter_map(move |(id, room)| {
            let key = (*id, user, *room.members.get(&user)?);
            let own = self.own.get(&key).cloned().unwrap_or_default();
            // Its fields are private to the domain, but can be read once they are serialized.
            let own = serde_json::to_value(own).unwrap();
            let newest_by_others = room
                .messages
                .iter()
                .rev()
                .find(|(_, author)| *author != user)
                .map_or(0, |(id, _)| id.get());
            let unread = own["marked_unread"] == true
                || newest_by_others > own["marker"].as_i64().unwrap_or(0);
            Some((room, room.id, own, self.pins.get(&key).copied(), unread))
        })
    }

    pub(super) fn list(&self, user: UserId) -> Vec<Line> {
        let mut lines: Vec<(Option<AccountPosition>, Line)> = self
            .memberships(user)
            .map(|(room, id, own, pin, unread)| {
                let newest = room.messages.last().map(|(id, _)| *id);
                let starred = own["starred"] == true;
                let subscribed = own["unsubscribed"] == false;
                (
                    pin,
                    (
                        id,
                        pin.is_some(),
                        unread,
                        starred,
                        subscribed,
                        room.trashed,
                        newest,
                        room.members.len(),
                    ),
                )
            })
            .collect();
        lines.sort_by_key(|(pin, line)| std::cmp::Reverse((*pin, line.6, line.0)));
        lines.into_iter().map(|(_, line)| line).collect()
    }

    /// What the member's list by activity shows, for one choice of flags.
    pub(super) fn entries(
        &self,
        user: UserId,
        flags: Flags,
    ) -> Vec<(PublicId, Option<MessageId>, Option<DateTime<Utc>>)> {
        let mut entries = Vec::new();
        for (room, id, own, pin, _) in self.memberships(user).filter(|(room, ..)| !room.trashed) {
            let is = |wanted: Option<bool>, set| wanted.is_none_or(|wanted| wanted == set);
            if is(flags.muted, own["muted"] == true)
                && is(flags.archived, !own["archived_at"].is_null())
                && is(flags.pinned, pin.is_some())
            {
                let active = room.messages.last().map_or(id, |(id, _)| *id);
                let stream = self.rooms.iter().find(|(_, other)| other.id == id).unwrap().0;
                let opened = self.opened.get(&(*stream, user, room.members[&user])).copied();
                entries.push((active, (id, room.pinned_message, opened)));
            }
        }
        entries.sort_by_key(|(active, _)| std::cmp::Reverse(*active));
        entries.into_iter().map(|(_, entry)| entry).collect()
    }

    /// When each message of a conversation was read, as a member sees it, the newest first.
    pub(super) fn reads(
        &self,
        conversation: ConversationId,
        viewer: UserId,
    ) -> Vec<(PublicId, Option<DateTime<Utc>>)> {
        let room = &self.rooms[&conversation];
        let read_by = |user: UserId, id: PublicId| {
            let key = (conversation, user, room.members[&user]);
            self.read.get(&key).and_then(|read| read.get(&id).copied())
        };
        let others = || room.members.keys().copied().filter(|user| *user != viewer);
        let read_at = |id: PublicId, author: UserId| match author == viewer {
            true => others().filter_map(|user| read_by(user, id)).min(),
            false => read_by(viewer, id),
        };
        room.messages.iter().rev().map(|(id, author)| (*id, read_at(*id, *author))).collect()
    }

    pub(super) fn unread_counts(&self, user: UserId) -> UnreadCounts {
        let mut unread_counts = UnreadCounts::default();
        for (room, _, own, _, unread) in self.memberships(user) {
            if unread && !room.trashed && own["muted"] == false && own["archived_at"].is_null() {
                match room.kind {
                    Some(Kind::Private) => unread_counts.private += 1,
                    Some(Kind::Room) => unread_counts.room += 1,
                    Some(Kind::Contextual) => unread_counts.contextual += 1,
                    Some(Kind::Support) | None => {}
                }
            }
        }
        unread_counts
    }
}
