use super::*;

#[test]
fn the_creator_becomes_a_member_once_listed_or_not() {
    for members in [vec![BOB], vec![BOB, ANN], vec![BOB, ANN, BOB]] {
        given(vec![]).when(create(Kind::Room, &members)).then_expect_events(vec![room()]);
    }
}

#[test]
fn creating_a_private_chat_again_changes_nothing() {
    given(vec![created(Kind::Private, &[ANN, BOB])])
        .when(create(Kind::Private, &[ANN, BOB]))
        .then_expect_events(vec![]);
}

#[test]
fn creating_a_trashed_private_chat_restores_it() {
    given(vec![created(Kind::Private, &[ANN, BOB]), Event::ConversationTrashed])
        .when(create(Kind::Private, &[ANN, BOB]))
        .then_expect_events(vec![Event::ConversationRestored]);
}

#[test]
fn a_private_chat_has_exactly_two_members() {
    for members in [vec![ANN], vec![BOB, EVE]] {
        given(vec![])
            .when(create(Kind::Private, &members))
            .then_expect_error(Refusal::PrivateChatNeedsTwo);
    }
}

#[test]
fn a_room_is_made_once() {
    given(vec![room()])
        .when(create(Kind::Room, &[BOB]))
        .then_expect_error(Refusal::ConversationExists);
}

#[test]
fn a_contextual_chat_is_there_or_made_unless_a_new_one_is_asked_for() {
    let existing = || vec![created(Kind::Contextual, &[ANN])];
    let trashed = || [existing(), vec![Event::ConversationTrashed]].concat();
    let new = || Command::CreateNewConversation(Create::contextual("doc".to_owned(), Some(ANN)));
    given(vec![]).when(new()).then_expect_events(existing());
    given(existing()).when(create(Kind::Contextual, &[])).then_expect_events(vec![]);
    given(trashed())
        .when(create(Kind::Contextual, &[]))
        .then_expect_events(vec![Event::ConversationRestored]);
    for before in [existing(), trashed()] {
        given(before).when(new()).then_expect_error(Refusal::ConversationExists);
    }
    let deleted = [existing(), vec![Event::ConversationDeleted]].concat();
    given(deleted).when(new()).then_expect_error(Refusal::ConversationDeleted);
}

#[test]
fn trash_and_restore_repeat_without_effect() {
    given(vec![room()])
        .when(Command::TrashConversation)
        .then_expect_events(vec![Event::ConversationTrashed]);
    given(vec![room(), Event::ConversationTrashed])
        .when(Command::TrashConversation)
        .then_expect_events(vec![]);
    given(vec![room()]).when(Command::RestoreConversation).then_expect_events(vec![]);
}

#[test]
fn a_deleted_conversation_takes_nothing_any_more() {
    given(vec![]).when(Command::DeleteConversation).then_expect_error(Refusal::ConversationUnknown);
    given(vec![room()])
        .when(Command::DeleteConversation)
        .then_expect_events(vec![Event::ConversationDeleted]);
    let deleted = || given(vec![room(), posted("hi"), Event::ConversationDeleted]);
    deleted().when(Command::DeleteConversation).then_expect_events(vec![]);
    for command in [
        post(ANN, "hi"),
        edit("ho"),
        Command::DeleteMessage { message: MESSAGE },
        create(Kind::Room, &[ANN, BOB]),
        Command::RestoreConversation,
        Command::AddMember { user: EVE },
    ] {
        deleted().when(command).then_expect_error(Refusal::ConversationDeleted);
    }
}
