use domain::{AccountId, PublicId};

use super::folded::{Folded, Line};
use super::random::random_history;
use super::{KINDS, World};
use crate::Cursor;
use crate::views::{Filter, Flags, Views};

#[tokio::test(flavor = "multi_thread")]
async fn lists_and_unread_counts_equal_a_fold_of_the_log() {
    for seed in [1, 2, 3] {
        let world = random_history(seed, 300).await;
        let views = world.project().await;
        assert_lists_are_folded(&world, &views, seed).await;
    }
}

pub(super) async fn assert_lists_are_folded(world: &World, views: &Views, seed: u64) {
    let folded = Folded::new(&world.events().await);
    for uid in ["ann", "bob", "cyd", "dan", "eve"] {
        let user = domain::user_id(AccountId::FIRST, uid);
        let filter = Filter { kinds: KINDS.to_vec(), top: 100, ..Filter::default() };
        let page = views.list(user, &filter).await.unwrap();
        assert_eq!(page.total, Some(page.items.len() as i64), "seed {seed}, {uid}");
        let listed: Vec<Line> = page
            .items
            .into_iter()
            .map(|view| {
                let (shared, state) = (&view.conversation, view.state.as_ref().unwrap());
                assert_eq!(shared.member_count as usize, view.members().len());
                let newest = shared.newest().map(|newest| newest.author);
                let author = view.newest_author.as_ref().map(|author| author.uuid);
                assert_eq!(author, newest);
                (
                    shared.number,
                    state.pinned.is_some(),
                    view.is_unread,
                    state.starred,
                    state.subscribed,
                    shared.trashed,
                    shared.newest_id(),
                    view.members().len(),
                )
            })
            .collect();
        assert_eq!(listed, folded.list(user), "seed {seed}, {uid}'s list");
        for (unread, trashed) in [(true, false), (true, true), (false, false), (false, true)] {
            let filter = Filter { unread: Some(unread), trashed: Some(trashed), ..filter.clone() };
            let page = views.list(user, &filter).await.unwrap();
            let numbers: Vec<PublicId> =
                page.items.iter().map(|view| view.conversation.number).collect();
            let expected: Vec<PublicId> = listed
                .iter()
                .filter(|line| line.2 == unread && line.5 == trashed)
                .map(|line| line.0)
                .collect();
            assert_eq!(numbers, expected, "seed {seed}, {uid}, {unread}, {trashed}");
            assert_eq!(page.total, Some(expected.len() as i64));
        }
        assert_eq!(
            views.unread_counts(user).await.unwrap(),
            folded.unread_counts(user),
            "seed {seed}, {uid}'s unread counts"
        );
    }
}

pub(crate) fn every_choice_of_flags() -> impl Iterator<Item = Flags> {
    let choice = |n: usize| [None, Some(true), Some(false)][n % 3];
    (0..27).map(move |n| Flags { muted: choice(n), archived: choice(n / 3), pinned: choice(n / 9) })
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_by_activity_and_times_of_reading_equal_a_fold_of_the_log() {
    for seed in [6, 7, 8] {
        let world = random_history(seed, 400).await;
        let views = world.project().await;
        assert_entries_and_reads_are_folded(&world, &views, seed).await;
    }
}

pub(super) async fn assert_entries_and_reads_are_folded(world: &World, views: &Views, seed: u64) {
    let folded = Folded::new(&world.events().await);
    for uid in ["ann", "bob", "cyd", "dan", "eve"] {
        let user = domain::user_id(AccountId::FIRST, uid);
        for flags in every_choice_of_flags() {
            let slice = views.entries(user, flags, Cursor::Top, 100).await.unwrap();
            let listed: Vec<_> = slice
                .items
                .iter()
                .map(|entry| {
                    let (shared, state) = (&entry.conversation, &entry.state);
                    (shared.number, shared.pinned_message, state.opened_at)
                })
                .collect();
            assert_eq!(listed, folded.entries(user, flags), "seed {seed}, {uid}, {flags:?}");
            assert!(!slice.has_more);
        }
        for (_, room, _, _, _) in folded.memberships(user) {
            let stream = folded.rooms.iter().find(|(_, other)| other.id == room).unwrap().0;
            let slice = views.reads(user, *stream, Cursor::Top, 1000).await.unwrap();
            let read: Vec<_> =
                slice.items.iter().map(|read| (read.message.id, read.read_at)).collect();
            assert_eq!(read, folded.reads(*stream, user), "seed {seed}, {uid} in {room}");
        }
    }
}
