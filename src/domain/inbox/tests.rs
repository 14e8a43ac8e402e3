use cqrs_es::test::TestFramework;
use uuid::Uuid;

use super::*;
use crate::UserId;
use crate::group::MembersChange;
use crate::limits::Excess;

const ANN: UserId = UserId::new(Uuid::from_u128(1));
const BOB: UserId = UserId::new(Uuid::from_u128(2));

fn named(name: &str) -> Settings {
    Settings { name: Some(name.into()), ..Settings::default() }
}

fn create(settings: Settings) -> Command {
    Command::CreateInbox { channel: Channel::Api, settings }
}

fn created() -> Event {
    Event::InboxCreated { channel: Channel::Api, settings: named("Help") }
}

fn check(before: Vec<Event>, command: Command, after: Vec<Event>) {
    TestFramework::<Inbox>::with(()).given(before).when(command).then_expect_events(after);
}

fn refused(before: Vec<Event>, command: Command, refusal: Refusal) {
    TestFramework::<Inbox>::with(()).given(before).when(command).then_expect_error(refusal);
}

#[test]
fn an_inbox_is_made_once_and_has_a_name() {
    check(vec![], create(named("Help")), vec![created()]);
    refused(vec![created()], create(named("Help")), Refusal::InboxExists);
    refused(vec![], create(named(" ")), Refusal::NameBlank);
    refused(vec![], create(Settings::default()), Refusal::NameBlank);
    let long = named(&"x".repeat(257));
    let excess = Excess::Characters { field: "name", length: 257, max: 256 };
    refused(vec![], create(long), Refusal::Excess(excess));
}

#[test]
fn an_update_holds_only_what_changed() {
    let locked = Settings { lock_to_single_conversation: Some(true), ..Settings::default() };
    let update = |settings| Command::UpdateInbox { settings };
    let both = Settings { name: Some("Help".into()), ..locked.clone() };
    check(vec![created()], update(both), vec![Event::InboxUpdated { settings: locked }]);
    check(vec![created()], update(named("Help")), vec![]);
    refused(vec![], update(named("Help")), Refusal::InboxUnknown);
    refused(vec![created()], update(named("")), Refusal::NameBlank);
}

#[test]
fn members_come_and_go() {
    let change = |change| Command::SetInboxMembers { change };
    let set = |members: &[UserId]| Event::InboxMembersSet { members: members.to_vec() };
    use MembersChange::{Add, Exactly, Remove};
    let ann = || vec![created(), set(&[ANN])];
    check(vec![created()], change(Add(vec![BOB, ANN, BOB])), vec![set(&[ANN, BOB])]);
    check(ann(), change(Add(vec![ANN])), vec![]);
    check(ann(), change(Add(vec![BOB])), vec![set(&[ANN, BOB])]);
    check(ann(), change(Exactly(vec![BOB])), vec![set(&[BOB])]);
    check(ann(), change(Remove(vec![ANN, BOB])), vec![set(&[])]);
    check(ann(), change(Remove(vec![BOB])), vec![]);
    refused(vec![], change(Add(vec![ANN])), Refusal::InboxUnknown);
    let many = (0..1_001).map(|n| UserId::new(Uuid::from_u128(n))).collect();
    let excess = Excess::Number { field: "the number of members", max: 1_000 };
    refused(vec![created()], change(Exactly(many)), Refusal::Excess(excess));
}
