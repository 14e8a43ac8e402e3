use cqrs_es::test::TestFramework;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::limits::Excess;
use crate::{Private, Text};

const ANN: Uuid = Uuid::from_u128(1);
const BOB: Uuid = Uuid::from_u128(2);
const EVE: Uuid = Uuid::from_u128(3);

fn create(kind: Kind, members: &[Uuid]) -> Command {
    Command::CreateConversation(Create {
        kind,
        creator: Some(ANN),
        members: members.to_vec(),
        uid: (kind == Kind::Contextual).then(|| "doc".to_owned()),
        name: None,
        description: None,
        metadata: None,
        tags: vec![],
    })
}

fn created(kind: Kind, members: &[Uuid]) -> Event {
    Event::ConversationCreated {
        kind,
        creator: Some(ANN),
        members: members.to_vec(),
        uid: (kind == Kind::Contextual).then(|| "doc".to_owned()),
        name: None,
        description: None,
        metadata: None,
        tags: Private::default(),
    }
}

fn post(author: Uuid, text: &str) -> Command {
    Command::PostMessage {
        message: Uuid::from_u128(9),
        author,
        text: text.into(),
        metadata: None,
        tags: vec![],
    }
}

fn given(events: Vec<Event>) -> cqrs_es::test::AggregateTestExecutor<Conversation> {
    TestFramework::<Conversation>::with(()).given(events)
}

fn room() -> Event {
    created(Kind::Room, &[ANN, BOB])
}

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
fn a_blank_name_is_no_name() {
    given(vec![room()])
        .when(Command::RenameConversation { name: Some("  ".into()) })
        .then_expect_events(vec![]);
}

#[test]
fn a_name_of_the_limit_fits_and_one_more_does_not() {
    let name: Text = "ü".repeat(NAME_LENGTH_MAX).into();
    given(vec![room()])
        .when(Command::RenameConversation { name: Some(name.clone()) })
        .then_expect_events(vec![Event::ConversationRenamed { name: Some(name) }]);
    given(vec![room()])
        .when(Command::RenameConversation { name: Some("x".repeat(257).into()) })
        .then_expect_error(Excess::Characters { field: "name", length: 257, max: 256 }.into());
}

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
fn tags_and_descriptions_are_replaced_whole() {
    given(vec![room()])
        .when(Command::TagConversation { tags: vec!["a".to_owned()] })
        .then_expect_events(vec![Event::ConversationTagged { tags: vec!["a".to_owned()].into() }]);
    given(vec![room()])
        .when(Command::DescribeConversation { description: Some("about".into()) })
        .then_expect_events(vec![Event::ConversationDescribed {
            description: Some("about".into()),
        }]);
}

const MESSAGE: Uuid = Uuid::from_u128(9);

fn posted(text: &str) -> Event {
    Event::MessagePosted {
        message: MESSAGE,
        author: ANN,
        text: text.into(),
        metadata: None,
        tags: Private::default(),
    }
}

fn edit(text: &str) -> Command {
    Command::EditMessage {
        message: MESSAGE,
        author: ANN,
        text: text.into(),
        metadata: None,
        tags: vec![],
    }
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

#[test]
fn a_pinned_message_stands_out_until_another_does_or_it_is_deleted() {
    let (pin, pinned) = (
        |n| Command::PinMessage { message: Uuid::from_u128(n) },
        |n| Event::MessagePinned { message: Uuid::from_u128(n) },
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

#[test]
fn a_picture_can_be_changed_and_taken_away() {
    let change = |url: &str| Command::ChangeAvatar { avatar_url: Some(url.into()) };
    let changed = |url: &str| Event::AvatarChanged { avatar_url: Some(url.into()) };
    given(vec![room()]).when(change("a")).then_expect_events(vec![changed("a")]);
    given(vec![room(), changed("a")]).when(change("a")).then_expect_events(vec![]);
    given(vec![room(), changed("a")])
        .when(change(" "))
        .then_expect_events(vec![Event::AvatarChanged { avatar_url: None }]);
    given(vec![room()]).when(change(&"x".repeat(2049))).then_expect_error(
        Excess::Characters { field: "avatar_url", length: 2049, max: 2048 }.into(),
    );
}

fn any_command() -> impl Strategy<Value = Command> {
    let user = prop_oneof![Just(ANN), Just(BOB), Just(EVE)];
    prop_oneof![
        prop::sample::select(vec![Kind::Private, Kind::Room, Kind::Contextual])
            .prop_map(|kind| create(kind, &[ANN, BOB])),
        prop::option::of("[a-b]{0,2}")
            .prop_map(|name| Command::RenameConversation { name: name.map(Text::from) }),
        prop::collection::vec("[a-b]", 0..2).prop_map(|tags| Command::TagConversation { tags }),
        Just(Command::TrashConversation),
        Just(Command::DeleteMessage { message: MESSAGE }),
        Just(Command::PinMessage { message: MESSAGE }),
        Just(Command::UnpinMessage),
        Just(Command::ChangeAvatar { avatar_url: Some("a".into()) }),
        Just(edit("ho")),
        prop::bool::weighted(0.05).prop_map(|delete| match delete {
            true => Command::DeleteConversation,
            false => Command::TrashConversation,
        }),
        Just(Command::RestoreConversation),
        user.clone().prop_map(|user| Command::AddMember { user }),
        user.clone().prop_map(|user| Command::RemoveMember { user }),
        user.prop_map(|author| post(author, "hi")),
    ]
}

proptest! {
    /// What a command leaves in memory is what its stored events make of nothing.
    #[test]
    fn the_state_after_commands_is_the_fold_of_the_stored_events(
        commands in prop::collection::vec(any_command(), 1..30)
    ) {
        let mut state = Conversation::default();
        let mut stored = Vec::new();
        for command in commands {
            for event in state.decide(command).unwrap_or_default() {
                state.evolve(&event);
                stored.push(serde_json::to_string(&event).unwrap());
            }
        }
        let mut folded = Conversation::default();
        for event in stored {
            folded.evolve(&serde_json::from_str(&event).unwrap());
        }
        prop_assert_eq!(&folded, &state);
        // A snapshot is the state, written and read.
        let snapshot = serde_json::to_string(&state).unwrap();
        prop_assert_eq!(serde_json::from_str::<Conversation>(&snapshot).unwrap(), folded);
    }
}
