use super::*;

#[test]
fn members_of_a_room_come_and_go() {
    given(vec![room()])
        .when(Command::AddMember { user: EVE })
        .then_expect_events(vec![Event::MemberAdded { user: EVE }]);
    given(vec![room()]).when(Command::AddMember { user: BOB }).then_expect_events(vec![]);
    given(vec![room()])
        .when(Command::RemoveMember { user: BOB })
        .then_expect_events(vec![Event::MemberRemoved { user: BOB }]);
    given(vec![room()]).when(Command::RemoveMember { user: EVE }).then_expect_events(vec![]);
}

#[test]
fn the_members_of_a_private_chat_are_fixed() {
    given(vec![created(Kind::Private, &[ANN, BOB])])
        .when(Command::AddMember { user: EVE })
        .then_expect_error(Refusal::MembersFixed);
}
