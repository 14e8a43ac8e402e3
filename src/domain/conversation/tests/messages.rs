use super::*;
use crate::MessageId;

#[test]
fn posting_is_for_members() {
    given(vec![room()]).when(post(EVE, "hi")).then_expect_error(Refusal::NotAMember(EVE));
    given(vec![room(), Event::MemberRemoved { user: BOB }])
        .when(post(BOB, "hi"))
        .then_expect_error(Refusal::NotAMember(BOB));
}

#[test]
fn posting_to_a_trashed_conversation_is_refused() {
    given(vec![room(), Event::ConversationTrashed])
        .when(post(ANN, "hi"))
        .then_expect_error(Refusal::ConversationTrashed);
}

#[test]
fn posting_to_nothing_is_refused() {
    given(vec![]).when(post(ANN, "hi")).then_expect_error(Refusal::ConversationUnknown);
}

#[test]
fn a_message_is_neither_blank_nor_endless() {
    given(vec![room()]).when(post(ANN, " \n")).then_expect_error(Refusal::TextBlank);
    given(vec![room()]).when(post(ANN, &"x".repeat(TEXT_LENGTH_MAX + 1))).then_expect_error(
        Excess::Characters { field: "text", length: TEXT_LENGTH_MAX + 1, max: TEXT_LENGTH_MAX }
            .into(),
    );
}

#[test]
fn a_message_can_be_edited_until_it_is_deleted() {
    given(vec![room(), posted("hi")]).when(edit("ho")).then_expect_events(vec![
        Event::MessageEdited {
            message: MESSAGE,
            author: ANN,
            text: "ho".into(),
            metadata: None,
            tags: Private::default(),
        },
    ]);
    given(vec![room(), posted("hi")]).when(edit(" ")).then_expect_error(Refusal::TextBlank);
    let deleted = Event::MessageDeleted { message: MESSAGE };
    given(vec![room(), posted("hi"), deleted])
        .when(edit("ho"))
        .then_expect_error(Refusal::MessageDeleted);
}

#[test]
fn who_left_cannot_edit() {
    given(vec![room(), posted("hi"), Event::MemberRemoved { user: ANN }])
        .when(edit("ho"))
        .then_expect_error(Refusal::NotAMember(ANN));
}

#[test]
fn deleting_a_message_repeats_without_effect_and_works_in_the_trash() {
    let delete = Command::DeleteMessage { message: MESSAGE };
    let deleted = Event::MessageDeleted { message: MESSAGE };
    given(vec![room(), posted("hi"), Event::ConversationTrashed])
        .when(delete.clone())
        .then_expect_events(vec![deleted.clone()]);
    given(vec![room(), posted("hi"), deleted]).when(delete).then_expect_events(vec![]);
}

#[test]
fn a_pinned_message_stands_out_until_another_does_or_it_is_deleted() {
    let (pin, pinned) = (
        |n| Command::PinMessage { message: MessageId::new(Uuid::from_u128(n)) },
        |n| Event::MessagePinned { message: MessageId::new(Uuid::from_u128(n)) },
    );
    given(vec![room()]).when(pin(9)).then_expect_events(vec![pinned(9)]);
    given(vec![room(), pinned(9)]).when(pin(9)).then_expect_events(vec![]);
    given(vec![room(), pinned(9)]).when(pin(8)).then_expect_events(vec![pinned(8)]);
    given(vec![room(), pinned(9)])
        .when(Command::UnpinMessage)
        .then_expect_events(vec![Event::MessageUnpinned]);
    let deleted = Event::MessageDeleted { message: MESSAGE };
    given(vec![room(), pinned(9), deleted.clone()])
        .when(Command::UnpinMessage)
        .then_expect_events(vec![]);
    given(vec![room(), deleted]).when(pin(9)).then_expect_error(Refusal::MessageDeleted);
}
