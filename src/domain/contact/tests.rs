use cqrs_es::test::TestFramework;
use serde_json::{Map, Value, json};

use super::*;
use crate::limits::Excess;

fn named(name: &str) -> Profile {
    Profile { name: Some(name.into()), ..Profile::default() }
}

fn created(profile: Profile) -> Event {
    Event::ContactCreated { profile }
}

fn check(before: Vec<Event>, command: Command, after: Vec<Event>) {
    TestFramework::<Contact>::with(()).given(before).when(command).then_expect_events(after);
}

fn refused(before: Vec<Event>, command: Command, refusal: Refusal) {
    TestFramework::<Contact>::with(()).given(before).when(command).then_expect_error(refusal);
}

fn attributes(value: Value) -> Option<crate::Private<Map<String, Value>>> {
    value.as_object().cloned().map(Into::into)
}

#[test]
fn a_contact_is_made_once_and_what_is_blank_is_not_there() {
    let profile = Profile { email: Some(" ".into()), ..named("Cleo") };
    let create = Command::CreateContact { profile };
    check(vec![], create.clone(), vec![created(named("Cleo"))]);
    refused(vec![created(named("Cleo"))], create, Refusal::ContactExists);
}

#[test]
fn an_update_holds_only_what_changed_and_a_blank_field_is_taken_away() {
    let known = Profile { email: Some("c@host.example".into()), ..named("Cleo") };
    let update = |profile| Command::UpdateContact { profile };
    let gone = Profile { email: Some("".into()), ..Profile::default() };
    check(
        vec![created(known.clone())],
        update(Profile { name: Some("Cleo".into()), ..gone.clone() }),
        vec![Event::ContactUpdated { profile: gone.clone() }],
    );
    check(vec![created(named("Cleo"))], update(gone), vec![]);
    refused(vec![], update(known), Refusal::ContactUnknown);
}

#[test]
fn attributes_are_added_to_those_that_there_are() {
    let of = |value| Profile { custom_attributes: attributes(value), ..Profile::default() };
    check(
        vec![created(of(json!({"a": 1, "b": 2})))],
        Command::UpdateContact { profile: of(json!({"b": 3})) },
        vec![Event::ContactUpdated { profile: of(json!({"a": 1, "b": 3})) }],
    );
    let profile = of(json!({"a": 1}));
    check(vec![created(profile.clone())], Command::UpdateContact { profile }, vec![]);
}

#[test]
fn every_field_is_bounded() {
    let excess = |field, max| Refusal::Excess(Excess::Characters { field, length: max + 1, max });
    let long = |max: usize| Some("x".repeat(max + 1).as_str().into());
    let none = Profile::default;
    for (profile, refusal) in [
        (Profile { name: long(256), ..none() }, excess("name", 256)),
        (Profile { email: long(320), ..none() }, excess("email", 320)),
        (Profile { phone_number: long(256), ..none() }, excess("phone_number", 256)),
        (Profile { identifier: long(256), ..none() }, excess("identifier", 256)),
        (
            Profile {
                additional_attributes: attributes(json!({"a": "x".repeat(1_501)})),
                ..none()
            },
            excess("an attribute", 1_500),
        ),
    ] {
        refused(vec![], Command::CreateContact { profile }, refusal);
    }
}

#[test]
fn a_change_that_was_meant_for_other_values_is_refused() {
    let known = Profile { email: Some("c@host.example".into()), ..named("Cleo") };
    let gone =
        Event::ContactUpdated { profile: Profile { email: Some("".into()), ..Profile::default() } };
    let expect = |email: Option<&str>| Command::ExpectIdentities {
        email: email.map(Into::into),
        phone_number: None,
        identifier: Some("".into()),
    };
    let before = vec![created(known)];
    check(before.clone(), expect(Some("c@host.example")), vec![]);
    refused(before.clone(), expect(None), Refusal::IdentitiesChanged);
    refused(before.clone(), expect(Some("d@host.example")), Refusal::IdentitiesChanged);
    let after = [before, vec![gone]].concat();
    check(after.clone(), expect(None), vec![]);
    refused(after, expect(Some("c@host.example")), Refusal::IdentitiesChanged);
    refused(vec![], expect(None), Refusal::ContactUnknown);
}
