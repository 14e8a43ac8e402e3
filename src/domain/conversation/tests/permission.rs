use super::*;

const GROUPS: [Kind; 2] = [Kind::Room, Kind::Contextual];

/// Ann as the asker.
fn ann(is_member: bool, is_creator: bool, is_administrator: bool) -> Asker {
    Asker::User { user: ANN, is_member, is_creator, is_administrator }
}

/// Commands that every member may issue.
fn for_members() -> Vec<Command> {
    vec![
        Command::RenameConversation { name: None },
        Command::DescribeConversation { description: None },
        Command::TagConversation { tags: vec![] },
        Command::ChangeMetadata { metadata: None },
        Command::ChangeAvatar { avatar_url: None },
        Command::TrashConversation,
        Command::RestoreConversation,
    ]
}

fn let_in() -> Command {
    Command::AddMember { user: EVE }
}

fn leave() -> Command {
    Command::RemoveMember { user: ANN }
}

fn take_out() -> Command {
    Command::RemoveMember { user: BOB }
}

#[test]
fn members_share_a_conversation_and_nobody_else_does() {
    for kind in Kind::ALL {
        for command in for_members() {
            assert_eq!(command.check_asker(*kind, ann(true, false, false)), Ok(()));
            assert_eq!(command.check_asker(*kind, Asker::HostSystem), Ok(()));
            for outsider in
                [ann(false, false, false), ann(false, true, false), ann(false, false, true)]
            {
                let refused = Err(Refusal::NotAMember(ANN));
                assert_eq!(command.check_asker(*kind, outsider), refused, "{command:?}");
            }
        }
    }
}

#[test]
fn members_may_let_others_in_and_leave() {
    for kind in GROUPS {
        for command in [let_in(), leave()] {
            assert_eq!(command.check_asker(kind, ann(true, false, false)), Ok(()));
            let refused = Err(Refusal::NotAMember(ANN));
            assert_eq!(command.check_asker(kind, ann(false, true, true)), refused);
        }
    }
}

#[test]
fn taking_others_out_and_deleting_are_for_the_creator_and_administrators() {
    for kind in GROUPS {
        for command in [take_out(), Command::DeleteConversation] {
            for asker in [
                ann(true, true, false),
                ann(true, false, true),
                ann(false, false, true),
                Asker::HostSystem,
            ] {
                assert_eq!(command.check_asker(kind, asker), Ok(()), "{command:?} {asker:?}");
            }
            let member = command.check_asker(kind, ann(true, false, false));
            assert_eq!(member, Err(Refusal::NotInCharge));
            for outsider in [ann(false, false, false), ann(false, true, false)] {
                let refused = Err(Refusal::NotAMember(ANN));
                assert_eq!(command.check_asker(kind, outsider), refused, "{command:?}");
            }
        }
    }
}

#[test]
fn either_of_a_private_chat_may_delete_it_and_nobody_changes_its_members() {
    for asker in [ann(true, false, false), ann(true, true, false), Asker::HostSystem] {
        assert_eq!(Command::DeleteConversation.check_asker(Kind::Private, asker), Ok(()));
        for command in [let_in(), leave(), take_out()] {
            let fixed = Err(Refusal::MembersFixed);
            assert_eq!(command.check_asker(Kind::Private, asker), fixed, "{command:?}");
        }
    }
    let administrator = ann(false, false, true);
    assert_eq!(Command::DeleteConversation.check_asker(Kind::Private, administrator), Ok(()));
    let outsider = ann(false, false, false);
    let refused = Err(Refusal::NotAMember(ANN));
    assert_eq!(Command::DeleteConversation.check_asker(Kind::Private, outsider), refused);
}
