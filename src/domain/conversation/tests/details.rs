use super::*;

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

#[test]
fn the_host_systems_data_are_replaced_whole_and_repeat_without_effect() {
    let map = |key: &str| serde_json::Map::from_iter([(key.to_owned(), 1.into())]);
    let change = |key| Command::ChangeMetadata { metadata: Some(map(key)) };
    let changed = |key| Event::MetadataChanged { metadata: Some(map(key).into()) };
    let none = || Command::ChangeMetadata { metadata: None };
    given(vec![room()]).when(none()).then_expect_events(vec![]);
    given(vec![room()]).when(change("a")).then_expect_events(vec![changed("a")]);
    given(vec![room(), changed("a")]).when(change("a")).then_expect_events(vec![]);
    given(vec![room(), changed("a")]).when(change("b")).then_expect_events(vec![changed("b")]);
    given(vec![room(), changed("a")])
        .when(none())
        .then_expect_events(vec![Event::MetadataChanged { metadata: None }]);
}
