use cqrs_es::test::TestFramework;

use super::*;

fn named(name: &str) -> Profile {
    Profile { name: Some(name.into()), ..Profile::default() }
}

fn registered() -> Event {
    Event::UserRegistered { uid: "ann".to_owned(), profile: named("Ann") }
}

fn users() -> TestFramework<User> {
    TestFramework::with(())
}

fn register(uid: &str) -> Command {
    Command::RegisterUser { uid: uid.to_owned(), profile: named("Ann") }
}

#[test]
fn a_uid_is_registered_once() {
    users().given_no_previous_events().when(register("ann")).then_expect_events(vec![registered()]);
    users().given(vec![registered()]).when(register("ann")).then_expect_error(Refusal::UserExists);
}

#[test]
fn a_uid_is_neither_blank_nor_endless() {
    for uid in ["", " ", &"x".repeat(257)] {
        users()
            .given_no_previous_events()
            .when(register(uid))
            .then_expect_error(Refusal::UidInvalid);
    }
}

#[test]
fn nobody_is_registered_as_the_system_itself() {
    users()
        .given_no_previous_events()
        .when(register("colloquy"))
        .then_expect_error(Refusal::UidReserved);
}

#[test]
fn an_update_holds_only_what_changed() {
    let profile = Profile { email: Some("a@example.com".into()), ..named("Ann") };
    users().given(vec![registered()]).when(Command::UpdateUser { profile }).then_expect_events(
        vec![Event::UserUpdated {
            profile: Profile { email: Some("a@example.com".into()), ..Profile::default() },
        }],
    );
    users()
        .given(vec![registered()])
        .when(Command::UpdateUser { profile: named("Ann") })
        .then_expect_events(vec![]);
}

#[test]
fn nobody_unknown_is_updated() {
    users()
        .given_no_previous_events()
        .when(Command::UpdateUser { profile: named("Ann") })
        .then_expect_error(Refusal::UserUnknown);
}
