use chrono::{DateTime, Utc};
use cqrs_es::test::TestFramework;

use super::*;

fn named(name: &str) -> Profile {
    Profile { name: Some(name.into()), ..Profile::default() }
}

fn registered() -> Event {
    Event::UserRegistered { uid: "ann".to_owned(), profile: named("Ann"), token_issued_at: None }
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
            token_issued_at: None,
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

fn revoke(seconds: i64) -> Command {
    Command::RevokeTokens { issued_until: at(seconds) }
}

fn revoked(seconds: i64) -> Event {
    Event::TokensRevoked { issued_until: at(seconds) }
}

#[test]
fn tokens_are_revoked_up_to_a_time_that_only_grows() {
    let given = || users().given(vec![registered(), revoked(100), revoked(90)]);
    users().given(vec![registered()]).when(revoke(100)).then_expect_events(vec![revoked(100)]);
    for earlier in [99, 100] {
        given().when(revoke(earlier)).then_expect_events(vec![]);
    }
    given().when(revoke(101)).then_expect_events(vec![revoked(101)]);
    users().given_no_previous_events().when(revoke(1)).then_expect_error(Refusal::UserUnknown);
}

/// `issued_at` is in Unix seconds.
fn follow(name: &str, issued_at: Option<i64>) -> Command {
    let issued_at = issued_at.map(at);
    Command::FollowToken { uid: "ann".to_owned(), profile: named(name), issued_at }
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn renamed(name: &str, issued_at: Option<i64>) -> Event {
    Event::UserUpdated { profile: named(name), token_issued_at: issued_at.map(at) }
}

#[test]
fn a_name_is_taken_only_from_a_token_that_is_newer_than_the_last() {
    let by_token = Event::UserRegistered {
        uid: "ann".to_owned(),
        profile: named("Ann"),
        token_issued_at: Some(at(100)),
    };
    let first = follow("Ann", Some(100));
    users().given_no_previous_events().when(first).then_expect_events(vec![by_token.clone()]);
    let by_host = renamed("Host", None);
    for before in [
        vec![by_token.clone()],
        vec![registered(), renamed("Anna", Some(100))],
        vec![registered(), renamed("Anna", Some(100)), renamed("Annie", Some(99))],
        vec![by_token, by_host],
    ] {
        for (issued_at, is_taken) in [(Some(99), false), (Some(100), false), (Some(101), true)] {
            let events = is_taken.then(|| renamed("Bea", issued_at)).into_iter().collect();
            users().given(before.clone()).when(follow("Bea", issued_at)).then_expect_events(events);
        }
        let undated = vec![renamed("Bea", None)];
        users().given(before).when(follow("Bea", None)).then_expect_events(undated);
    }
}

/// A token that changes nothing leaves no event, so a token issued in between can revert the name
/// on a node that has not seen the newer one. The newer token is then followed again, this time for
/// good.
#[test]
fn a_name_that_an_older_token_turned_back_is_taken_once_more_from_the_newer_one() {
    let known = vec![registered(), renamed("Bea", Some(200))];
    let newer = follow("Bea", Some(300));
    users().given(known.clone()).when(newer.clone()).then_expect_events(vec![]);
    let turned_back = renamed("Ann", Some(250));
    let older = follow("Ann", Some(250));
    users().given(known.clone()).when(older.clone()).then_expect_events(vec![turned_back.clone()]);
    let again = renamed("Bea", Some(300));
    let known = [known, vec![turned_back]].concat();
    users().given(known.clone()).when(newer).then_expect_events(vec![again.clone()]);
    let known = [known, vec![again]].concat();
    users().given(known).when(older).then_expect_events(vec![]);
}
