//! The status of a support conversation.

use super::*;

#[test]
fn a_status_changes_from_any_to_any_and_repeats_without_effect() {
    for from in Status::ALL {
        for to in Status::ALL {
            let event = match to {
                Status::Snoozed => Event::ConversationSnoozed { until: None },
                to => changed(*to),
            };
            let events = if from == to { vec![] } else { vec![event] };
            let change = SupportCommand::ChangeStatus { status: *to, agent: None };
            check(vec![is(*from)], change, events);
        }
    }
}

#[test]
fn without_a_status_what_is_open_is_resolved_and_what_is_not_is_opened() {
    for (from, to) in [
        (Status::Open, Status::Resolved),
        (Status::Resolved, Status::Open),
        (Status::Pending, Status::Open),
        (Status::Snoozed, Status::Open),
    ] {
        check(vec![is(from)], SupportCommand::ToggleStatus { agent: None }, vec![changed(to)]);
    }
}

#[test]
fn the_agent_who_opens_it_takes_care_of_it() {
    let assigned = Event::AgentAssigned { agent: Some(BOB) };
    let by_bob = SupportCommand::ToggleStatus { agent: Some(BOB) };
    check(
        vec![is(Status::Resolved)],
        by_bob.clone(),
        vec![changed(Status::Open), assigned.clone()],
    );
    check(vec![is(Status::Open)], by_bob.clone(), vec![changed(Status::Resolved)]);
    check(vec![is(Status::Resolved), assigned], by_bob, vec![changed(Status::Open)]);
    let open = SupportCommand::ChangeStatus { status: Status::Open, agent: Some(BOB) };
    check(vec![is(Status::Open)], open, vec![]);
}

#[test]
fn a_snooze_is_another_one_if_its_end_is() {
    let until = Some(time("2026-01-01T09:00:00Z"));
    let snoozed = Event::ConversationSnoozed { until };
    let snooze = SupportCommand::Snooze { until };
    check(vec![is(Status::Open)], snooze.clone(), vec![snoozed.clone()]);
    check(vec![is(Status::Open), snoozed.clone()], snooze, vec![]);
    check(
        vec![is(Status::Open), snoozed],
        SupportCommand::Snooze { until: None },
        vec![Event::ConversationSnoozed { until: None }],
    );
    given(vec![is(Status::Open)])
        .when(Command::Support(SupportCommand::Snooze {
            until: Some(time("+10000-01-01T00:00:00Z")),
        }))
        .then_expect_error(Refusal::TimeInvalid);
}

#[test]
fn only_the_snooze_that_has_an_end_comes_to_it() {
    let (until, other) = (time("2026-01-01T09:00:00Z"), time("2026-01-02T09:00:00Z"));
    let snoozed = |until| Event::ConversationSnoozed { until };
    let end = SupportCommand::EndSnooze { until };
    let open = || is(Status::Open);
    check(vec![open(), snoozed(Some(until))], end.clone(), vec![changed(Status::Open)]);
    check(vec![open(), snoozed(Some(other))], end.clone(), vec![]);
    check(vec![open(), snoozed(None)], end.clone(), vec![]);
    check(vec![open(), snoozed(Some(until)), changed(Status::Resolved)], end, vec![]);
}

#[test]
fn what_comes_in_opens_what_was_done_or_rests_unless_it_is_muted() {
    for status in Status::ALL {
        let opens = matches!(status, Status::Resolved | Status::Snoozed);
        for (direction, muted) in [
            (Direction::Incoming, Some(false)),
            (Direction::Incoming, Some(true)),
            (Direction::Outgoing, Some(false)),
            (Direction::Outgoing, None),
        ] {
            let said = said(direction, muted, "Hello");
            let mut events = vec![heard(&said)];
            if opens && direction == Direction::Incoming && muted == Some(false) {
                events.push(changed(Status::Open));
            }
            check(vec![is(*status)], SupportCommand::PostMessage(Box::new(said)), events);
        }
        // The mute is needed only where the message would open the conversation.
        let said = said(Direction::Incoming, None, "Hello");
        let events = vec![heard(&said)];
        let post = SupportCommand::PostMessage(Box::new(said));
        if opens {
            given(vec![is(*status)])
                .when(Command::Support(post))
                .then_expect_error(Refusal::MuteUnknown);
        } else {
            check(vec![is(*status)], post, events);
        }
    }
}
