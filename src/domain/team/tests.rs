use cqrs_es::test::TestFramework;
use uuid::Uuid;

use super::*;
use crate::group::MembersChange;
use crate::limits::Excess;
use crate::{TeamId, UserId};

const ANN: UserId = UserId::new(Uuid::from_u128(1));
const BILLING: TeamId = TeamId::new(Uuid::from_u128(7));
const SALES: TeamId = TeamId::new(Uuid::from_u128(8));

fn named(name: &str) -> Settings {
    Settings { name: Some(name.into()), ..Settings::default() }
}

fn created(team: TeamId, name: &str) -> Event {
    Event::TeamCreated { team, settings: named(name) }
}

fn check(before: Vec<Event>, team: TeamId, change: Change, after: Vec<Event>) {
    let command = Command { team, change };
    TestFramework::<Teams>::with(()).given(before).when(command).then_expect_events(after);
}

fn refused(before: Vec<Event>, team: TeamId, change: Change, refusal: Refusal) {
    let command = Command { team, change };
    TestFramework::<Teams>::with(()).given(before).when(command).then_expect_error(refusal);
}

#[test]
fn a_name_is_in_lower_case_and_one_teams() {
    let create = |name| Change::CreateTeam { settings: named(name) };
    let billing = || vec![created(BILLING, "billing")];
    check(vec![], BILLING, create(" Billing"), billing());
    refused(billing(), BILLING, create("other"), Refusal::TeamExists);
    refused(billing(), SALES, create("BILLING"), Refusal::NameTaken);
    refused(vec![], BILLING, create(" "), Refusal::NameBlank);
    let nameless = Change::CreateTeam { settings: Settings::default() };
    refused(vec![], BILLING, nameless, Refusal::NameBlank);
    let excess = Excess::Characters { field: "name", length: 257, max: 256 };
    let long = Change::CreateTeam { settings: named(&"x".repeat(257)) };
    refused(vec![], BILLING, long, Refusal::Excess(excess));
}

#[test]
fn an_update_holds_only_what_changed() {
    let update = |settings| Change::UpdateTeam { settings };
    let before = || vec![created(BILLING, "billing"), created(SALES, "sales")];
    let described = Settings { description: Some("Invoices".into()), ..Settings::default() };
    check(
        before(),
        BILLING,
        update(Settings { name: Some("Billing".into()), ..described.clone() }),
        vec![Event::TeamUpdated { team: BILLING, settings: described }],
    );
    check(before(), BILLING, update(named("billing")), vec![]);
    refused(before(), BILLING, update(named("Sales")), Refusal::NameTaken);
    refused(vec![], BILLING, update(named("billing")), Refusal::TeamUnknown);
}

#[test]
fn a_team_that_is_gone_gives_its_name_back() {
    let before = vec![created(BILLING, "billing")];
    let deleted = Event::TeamDeleted { team: BILLING };
    check(before.clone(), BILLING, Change::DeleteTeam, vec![deleted.clone()]);
    let gone = vec![created(BILLING, "billing"), deleted];
    refused(gone.clone(), BILLING, Change::DeleteTeam, Refusal::TeamUnknown);
    let create = Change::CreateTeam { settings: named("billing") };
    check(gone, SALES, create, vec![created(SALES, "billing")]);
}

#[test]
fn members_come_and_go() {
    let add = Change::SetTeamMembers { members: MembersChange::Add(vec![ANN]) };
    let set = Event::TeamMembersSet { team: BILLING, members: vec![ANN] };
    let before = vec![created(BILLING, "billing")];
    check(before, BILLING, add.clone(), vec![set.clone()]);
    check(vec![created(BILLING, "billing"), set], BILLING, add.clone(), vec![]);
    refused(vec![], BILLING, add, Refusal::TeamUnknown);
}

#[test]
fn an_account_has_so_many_teams() {
    let many = (0..TEAMS_MAX as u128)
        .map(|n| created(TeamId::new(Uuid::from_u128(1_000 + n)), &n.to_string()))
        .collect();
    let excess = Excess::Number { field: "the number of teams", max: TEAMS_MAX };
    let create = Change::CreateTeam { settings: named("billing") };
    refused(many, BILLING, create, Refusal::Excess(excess));
}
