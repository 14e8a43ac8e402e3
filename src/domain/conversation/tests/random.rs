use proptest::prelude::*;

use super::*;

fn any_command() -> impl Strategy<Value = Command> {
    let user = prop_oneof![Just(ANN), Just(BOB), Just(EVE)];
    prop_oneof![
        prop::sample::select(vec![Kind::Private, Kind::Room, Kind::Contextual])
            .prop_map(|kind| create(kind, &[ANN, BOB])),
        prop::option::of("[a-b]{0,2}")
            .prop_map(|name| Command::RenameConversation { name: name.map(Text::from) }),
        prop::collection::vec("[a-b]", 0..2).prop_map(|tags| Command::TagConversation { tags }),
        prop::option::of(Just(serde_json::Map::new()))
            .prop_map(|metadata| Command::ChangeMetadata { metadata }),
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
    /// The state in memory after commands is the same as the fold of their stored events.
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
