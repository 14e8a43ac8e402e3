//! Commands of agents on a support conversation.

mod status;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::*;
use crate::conversation::support::{
    ContentType, CreateSupport, Direction, Opening, Priority, Remark, Sender, Status,
    SupportCommand, SupportMessage,
};
use crate::{ContactId, ContactLinkId, InboxId, TeamId};

const TEAM: TeamId = TeamId::new(Uuid::from_u128(5));
const LINK: ContactLinkId = ContactLinkId::new(Uuid::from_u128(6));

fn opening(status: Status) -> Opening {
    Opening {
        inbox: InboxId::new(Uuid::from_u128(7)),
        contact: ContactId::new(Uuid::from_u128(8)),
        link: LINK,
        status,
        snoozed_until: None,
        priority: None,
        assignee: None,
        team: None,
    }
}

fn create_with(opening: Opening, custom_attributes: Value) -> Command {
    Command::CreateSupport(Box::new(CreateSupport {
        creator: Some(ANN),
        opening,
        source_id: "src-1".into(),
        additional_attributes: Map::new(),
        custom_attributes: object(custom_attributes),
    }))
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

fn opened(opening: Opening) -> Event {
    Event::ConversationCreated {
        kind: Kind::Support,
        creator: Some(ANN),
        members: vec![],
        uid: None,
        name: None,
        description: None,
        metadata: None,
        tags: Private::default(),
        support: Some(opening),
        source_id: Some("src-1".into()),
        additional_attributes: None,
        custom_attributes: None,
    }
}

fn is(status: Status) -> Event {
    opened(opening(status))
}

fn changed(status: Status) -> Event {
    Event::StatusChanged { status }
}

fn check(before: Vec<Event>, command: SupportCommand, after: Vec<Event>) {
    given(before).when(Command::Support(command)).then_expect_events(after);
}

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn said(direction: Direction, muted: Option<bool>, text: &str) -> SupportMessage {
    SupportMessage {
        message: MESSAGE,
        author: None,
        text: text.into(),
        remark: Remark {
            direction,
            sender: Sender::Contact,
            contact: None,
            private: false,
            content_type: ContentType::Text,
            echo_id: None,
        },
        content_attributes: Map::new(),
        source_id: None,
        muted,
    }
}

fn heard(said: &SupportMessage) -> Event {
    Event::MessagePosted {
        message: MESSAGE,
        author: None,
        text: said.text.clone(),
        metadata: None,
        tags: Private::default(),
        support: Some(said.remark.clone()),
        content_attributes: None,
        source_id: None,
    }
}

#[test]
fn it_is_made_with_all_that_it_is_from_the_start() {
    let start = Opening {
        priority: Some(Priority::High),
        assignee: Some(BOB),
        team: Some(TEAM),
        snoozed_until: Some(time("2026-01-01T09:00:00.1234567Z")),
        ..opening(Status::Snoozed)
    };
    let kept = Opening { snoozed_until: Some(time("2026-01-01T09:00:00.123456Z")), ..start };
    given(vec![]).when(create_with(start, json!({}))).then_expect_events(vec![opened(kept)]);
    // The end of a snooze is dropped if the status is not snoozed.
    let open = Opening { status: Status::Open, ..start };
    let kept = Opening { snoozed_until: None, ..open };
    given(vec![]).when(create_with(open, json!({}))).then_expect_events(vec![opened(kept)]);
}

#[test]
fn the_conversation_of_a_link_is_made_once() {
    let again = create_with(opening(Status::Open), json!({}));
    given(vec![is(Status::Resolved)]).when(again.clone()).then_expect_events(vec![]);
    let other = Opening { link: ContactLinkId::new(Uuid::from_u128(66)), ..opening(Status::Open) };
    given(vec![is(Status::Open)])
        .when(create_with(other, json!({})))
        .then_expect_error(Refusal::ConversationExists);
    given(vec![room()]).when(again.clone()).then_expect_error(Refusal::ConversationExists);
    given(vec![is(Status::Open), Event::ConversationDeleted])
        .when(again)
        .then_expect_error(Refusal::ConversationDeleted);
}

#[test]
fn attributes_hold_what_every_client_can() {
    let fits = json!({"text": "x".repeat(1_500), "number": 9_999_999_999_i64, "float": 1e12});
    check(
        vec![is(Status::Open)],
        SupportCommand::ReplaceCustomAttributes { attributes: object(fits.clone()) },
        vec![Event::CustomAttributesReplaced { custom_attributes: object(fits).into() }],
    );
    let too_long = json!({"text": "x".repeat(1_501)});
    let excess = Excess::Characters { field: "an attribute", length: 1_501, max: 1_500 };
    given(vec![])
        .when(create_with(opening(Status::Open), too_long))
        .then_expect_error(Refusal::Excess(excess));
    for number in [json!(10_000_000_000_i64), json!(u64::MAX), json!(1e20)] {
        for attributes in [json!({ "number": number }), json!({ "list": [{ "number": number }] })] {
            let excess = Excess::Integer { field: "an attribute", max: 9_999_999_999 };
            given(vec![])
                .when(create_with(opening(Status::Open), attributes))
                .then_expect_error(Refusal::Excess(excess));
        }
    }
}

#[test]
fn only_what_holds_something_else_than_text_may_be_blank() {
    let blank = said(Direction::Incoming, Some(false), " ");
    given(vec![is(Status::Open)])
        .when(Command::Support(SupportCommand::PostMessage(Box::new(blank.clone()))))
        .then_expect_error(Refusal::TextBlank);
    let remark = Remark { content_type: ContentType::Cards, ..blank.remark.clone() };
    let cards = SupportMessage { remark, ..blank };
    let events = vec![heard(&cards)];
    check(vec![is(Status::Open)], SupportCommand::PostMessage(Box::new(cards)), events);
}

#[test]
fn a_priority_an_agent_and_a_team_are_given_and_taken_away() {
    let priority =
        |priority| (SupportCommand::SetPriority { priority }, Event::PriorityChanged { priority });
    let agent = |agent| (SupportCommand::AssignAgent { agent }, Event::AgentAssigned { agent });
    let team =
        |team| (SupportCommand::AssignTeam { team, members: None }, Event::TeamAssigned { team });
    for ((give, given), (take, taken)) in [
        (priority(Some(Priority::Low)), priority(None)),
        (agent(Some(BOB)), agent(None)),
        (team(Some(TEAM)), team(None)),
    ] {
        let open = || is(Status::Open);
        check(vec![open()], take.clone(), vec![]);
        check(vec![open()], give.clone(), vec![given.clone()]);
        check(vec![open(), given.clone()], give, vec![]);
        check(vec![open(), given], take, vec![taken]);
    }
}

#[test]
fn an_assignee_outside_the_new_team_is_unassigned() {
    let to = |members| SupportCommand::AssignTeam { team: Some(TEAM), members };
    let before = || vec![is(Status::Open), Event::AgentAssigned { agent: Some(BOB) }];
    let assigned = Event::TeamAssigned { team: Some(TEAM) };
    check(before(), to(Some(vec![ANN, BOB])), vec![assigned.clone()]);
    check(before(), to(None), vec![assigned.clone()]);
    let unassigned = Event::AgentAssigned { agent: None };
    check(before(), to(Some(vec![ANN])), vec![assigned.clone(), unassigned]);
    check(vec![is(Status::Open)], to(Some(vec![])), vec![assigned]);
}

#[test]
fn labels_are_trimmed_in_lower_case_and_without_repeats() {
    let replace = |labels: &[&str]| SupportCommand::ReplaceLabels {
        labels: labels.iter().map(|label| (*label).to_owned()).collect(),
    };
    let replaced = Event::LabelsReplaced { labels: vec!["b".to_owned(), "a".to_owned()].into() };
    check(vec![is(Status::Open)], replace(&[" B", "a", "A ", "b", " "]), vec![replaced.clone()]);
    check(vec![is(Status::Open), replaced], replace(&["b", "a"]), vec![]);
    check(vec![is(Status::Open)], replace(&[]), vec![]);
}

#[test]
fn custom_attributes_are_replaced_or_merged() {
    let replaced =
        |value| Event::CustomAttributesReplaced { custom_attributes: object(value).into() };
    let before = || vec![is(Status::Open), replaced(json!({"a": 1, "b": 2}))];
    check(
        before(),
        SupportCommand::MergeCustomAttributes { attributes: object(json!({"b": 3, "c": 4})) },
        vec![replaced(json!({"a": 1, "b": 3, "c": 4}))],
    );
    check(
        before(),
        SupportCommand::ReplaceCustomAttributes { attributes: object(json!({"c": 4})) },
        vec![replaced(json!({"c": 4}))],
    );
    check(before(), SupportCommand::MergeCustomAttributes { attributes: Map::new() }, vec![]);
}

#[test]
fn other_kinds_know_nothing_of_it_and_it_knows_no_members() {
    given(vec![room()])
        .when(Command::Support(SupportCommand::ToggleStatus { agent: None }))
        .then_expect_error(Refusal::WrongKind);
    given(vec![is(Status::Open)])
        .when(post(ANN, "Hello"))
        .then_expect_error(Refusal::NotAMember(ANN));
    given(vec![is(Status::Open)])
        .when(Command::AddMember { user: ANN })
        .then_expect_error(Refusal::MembersFixed);
    given(vec![is(Status::Open), Event::ConversationDeleted])
        .when(Command::Support(SupportCommand::ToggleStatus { agent: None }))
        .then_expect_error(Refusal::ConversationDeleted);
    given(vec![]).when(create(Kind::Support, &[])).then_expect_error(Refusal::WrongKind);
}
