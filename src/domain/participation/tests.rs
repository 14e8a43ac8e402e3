use crate::{ConversationId, MembershipId, PublicId, UserId};
use chrono::DateTime;
use cqrs_es::test::TestFramework;
use uuid::Uuid;

use super::*;

fn membership(membership: i64) -> Membership {
    Membership {
        conversation: ConversationId::new(Uuid::from_u128(1)),
        user: UserId::new(Uuid::from_u128(2)),
        id: MembershipId::new(membership),
    }
}

fn event(change: Change) -> Event {
    Event { membership: membership(5), change }
}

/// In membership 5: given the changes, when the command, then the changes.
fn check(given: &[Change], when: ChangeCommand, then: &[Change]) {
    TestFramework::<Participation>::with(())
        .given(given.iter().cloned().map(event).collect())
        .when(Command { membership: membership(5), change: when })
        .then_expect_events(then.iter().cloned().map(event).collect());
}

#[test]
fn the_marker_moves_forth_and_back_and_repeats_without_effect() {
    use ChangeCommand::MarkRead;
    let read = |message| Change::MarkedRead { message: Some(message), as_of: None };
    check(&[], MarkRead { message: Some(PublicId::new(8)) }, &[read(PublicId::new(8))]);
    check(
        &[read(PublicId::new(8))],
        MarkRead { message: Some(PublicId::new(7)) },
        &[read(PublicId::new(7))],
    );
    check(&[read(PublicId::new(8))], MarkRead { message: Some(PublicId::new(8)) }, &[]);
}

#[test]
fn unread_lasts_until_marked_read_also_without_a_message() {
    use ChangeCommand::{MarkRead, MarkUnread};
    check(&[], MarkUnread, &[Change::MarkedUnread { as_of: None }]);
    check(&[Change::MarkedUnread { as_of: None }], MarkUnread, &[]);
    check(
        &[Change::MarkedUnread { as_of: None }],
        MarkRead { message: None },
        &[Change::MarkedRead { message: None, as_of: None }],
    );
    check(&[], MarkRead { message: None }, &[]);
}

#[test]
fn repeating_what_is_already_so_changes_nothing() {
    let until = "2030-01-01T00:00:00Z".parse().ok();
    let at = "2026-01-01T00:00:00Z".parse().unwrap();
    for (change, command) in [
        (Change::ConversationPinned, ChangeCommand::PinConversation),
        (Change::ConversationMuted { until }, ChangeCommand::MuteConversation { until }),
        (Change::ConversationArchived { at }, ChangeCommand::ArchiveConversation { at }),
        (Change::ConversationStarred, ChangeCommand::StarConversation),
        (Change::Unsubscribed, ChangeCommand::Unsubscribe),
    ] {
        check(&[], command.clone(), std::slice::from_ref(&change));
        check(std::slice::from_ref(&change), command, &[]);
    }
    for command in [
        ChangeCommand::UnpinConversation,
        ChangeCommand::UnmuteConversation,
        ChangeCommand::UnarchiveConversation,
        ChangeCommand::UnstarConversation,
        ChangeCommand::Subscribe,
    ] {
        check(&[], command, &[]);
    }
}

#[test]
fn a_member_who_comes_back_starts_fresh() {
    TestFramework::<Participation>::with(())
        .given(vec![event(Change::ConversationPinned)])
        .when(Command { membership: membership(9), change: ChangeCommand::PinConversation })
        .then_expect_events(vec![Event {
            membership: membership(9),
            change: Change::ConversationPinned,
        }]);
}

#[test]
fn a_command_for_a_seat_that_was_left_is_refused() {
    TestFramework::<Participation>::with(())
        .given(vec![event(Change::ConversationPinned)])
        .when(Command { membership: membership(4), change: ChangeCommand::PinConversation })
        .then_expect_error(Refusal::MembershipEnded);
}

#[test]
fn opening_is_recorded_each_time() {
    let read = Change::MarkedRead { message: Some(PublicId::new(7)), as_of: None };
    let open = ChangeCommand::OpenConversation {
        reading: Reading::Whole(Some(PublicId::new(7))),
        as_of: None,
    };
    let before = [read];
    check(&before, open, &before);
    let as_of = Some("2026-01-01T00:00:00Z".parse().unwrap());
    let read = |message, as_of| [Change::MarkedRead { message: Some(message), as_of }];
    let up_to =
        |message, as_of| ChangeCommand::OpenConversation { reading: Reading::UpTo(message), as_of };
    check(&before, up_to(PublicId::new(5), as_of), &read(PublicId::new(5), as_of));
    check(&before, up_to(PublicId::new(0), None), &read(PublicId::new(0), None));
    for older in [None, Some(PublicId::new(5))] {
        let whole = ChangeCommand::OpenConversation { reading: Reading::Whole(older), as_of: None };
        check(&before, whole, &read(PublicId::new(7), None));
    }
    check(&before, ChangeCommand::MarkRead { message: Some(PublicId::new(7)) }, &[]);
}

#[test]
fn a_time_that_not_every_reader_could_hold_is_refused() {
    let time = |seconds| chrono::DateTime::from_timestamp(seconds, 0).unwrap();
    let open =
        |as_of| ChangeCommand::OpenConversation { reading: Reading::UpTo(PublicId::new(1)), as_of };
    for (time, refused) in [
        (time(-62_135_596_801), true),
        (time(-62_135_596_800), false),
        (time(253_402_300_799), false),
        (time(253_402_300_800), true),
    ] {
        for change in [
            open(Some(time)),
            ChangeCommand::MuteConversation { until: Some(time) },
            ChangeCommand::ArchiveConversation { at: time },
        ] {
            let decided =
                Participation::default().decide(Command { membership: membership(1), change });
            assert_eq!(decided == Err(Refusal::TimeInvalid), refused, "{time}");
        }
    }
}

#[test]
fn a_mute_that_there_is_stays_as_it_is() {
    let until = Some("2030-01-01T00:00:00Z".parse().unwrap());
    let muted = |until| Change::ConversationMuted { until };
    check(&[], ChangeCommand::KeepMuted, &[muted(None)]);
    check(&[muted(until)], ChangeCommand::KeepMuted, &[]);
}

#[test]
fn only_the_mute_that_has_an_end_comes_to_it() {
    let time = |text: &str| text.parse().unwrap();
    let (one, two) = (time("2026-01-01T00:00:00Z"), time("2026-01-02T00:00:00Z"));
    let muted = |until| Change::ConversationMuted { until };
    let end = ChangeCommand::EndMute { until: one };
    check(&[muted(Some(one))], end.clone(), &[Change::ConversationUnmuted]);
    for since in [Some(two), None] {
        check(&[muted(Some(one)), muted(since)], end.clone(), &[]);
    }
    check(&[muted(Some(one)), Change::ConversationUnmuted], end, &[]);
}

/// The timer that ends a mute is read from the database, which keeps microseconds.
#[test]
fn times_are_kept_to_the_microsecond_and_leap_seconds_are_refused() {
    let time = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    let fine = time("2030-01-01T00:00:00.123456789Z");
    let kept = time("2030-01-01T00:00:00.123456Z");
    check(
        &[],
        ChangeCommand::MuteConversation { until: Some(fine) },
        &[Change::ConversationMuted { until: Some(kept) }],
    );
    check(
        &[],
        ChangeCommand::ArchiveConversation { at: fine },
        &[Change::ConversationArchived { at: kept }],
    );
    let leap = time("2030-06-30T23:59:60.5Z");
    for command in [
        ChangeCommand::MuteConversation { until: Some(leap) },
        ChangeCommand::ArchiveConversation { at: leap },
        ChangeCommand::OpenConversation {
            reading: Reading::UpTo(PublicId::new(1)),
            as_of: Some(leap),
        },
    ] {
        TestFramework::<Participation>::with(())
            .given_no_previous_events()
            .when(Command { membership: membership(5), change: command })
            .then_expect_error(Refusal::TimeInvalid);
    }
}

#[test]
fn unread_since_a_time_is_recorded_each_time() {
    let since = |as_of| ChangeCommand::MarkUnreadSince { as_of };
    let at = Some("2026-01-01T09:00:00Z".parse().unwrap());
    let unread = |as_of| Change::MarkedUnread { as_of };
    check(&[], since(at), &[unread(at)]);
    check(&[unread(at)], since(at), &[unread(at)]);
    check(&[unread(at)], since(None), &[unread(None)]);
}

#[test]
fn what_is_known_of_a_mute_is_refused_when_it_is_not_so() {
    let muted = [Change::ConversationMuted { until: None }];
    let unmuted = [muted[0].clone(), Change::ConversationUnmuted];
    for (given, is_muted) in [(&[][..], false), (&muted[..], true), (&unmuted[..], false)] {
        let expect = |muted| ChangeCommand::ExpectMuted { muted, over_since: None };
        check(given, expect(is_muted), &[]);
        TestFramework::<Participation>::with(())
            .given(given.iter().cloned().map(event).collect())
            .when(Command { membership: membership(5), change: expect(!is_muted) })
            .then_expect_error(Refusal::MuteChanged);
    }
}

#[test]
fn a_mute_that_is_over_is_none_before_an_event_ends_it() {
    let (end, another) = (DateTime::from_timestamp(60, 0), DateTime::from_timestamp(61, 0));
    let given = [Change::ConversationMuted { until: end }];
    for (muted, over_since, is_so) in [
        (false, end, true),
        (true, end, false),
        (true, None, true),
        (true, another, true),
        (false, another, false),
    ] {
        let change = ChangeCommand::ExpectMuted { muted, over_since };
        let given = given.iter().cloned().map(event).collect();
        let decided = TestFramework::<Participation>::with(())
            .given(given)
            .when(Command { membership: membership(5), change });
        match is_so {
            true => decided.then_expect_events(vec![]),
            false => decided.then_expect_error(Refusal::MuteChanged),
        }
    }
}
