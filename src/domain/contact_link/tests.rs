use cqrs_es::test::TestFramework;
use uuid::Uuid;

use super::*;
use crate::limits::Excess;
use crate::{ContactId, ConversationId, InboxId};

const CLEO: ContactId = ContactId::new(Uuid::from_u128(1));
const DORA: ContactId = ContactId::new(Uuid::from_u128(2));
const INBOX: InboxId = InboxId::new(Uuid::from_u128(3));

fn link(contact: ContactId, source_id: &str) -> Command {
    Command::LinkContact { contact, inbox: INBOX, source_id: source_id.into() }
}

fn linked() -> Event {
    Event::ContactLinked { contact: CLEO, inbox: INBOX, source_id: "src-1".into() }
}

fn check(before: Vec<Event>, command: Command, after: Vec<Event>) {
    TestFramework::<ContactLink>::with(()).given(before).when(command).then_expect_events(after);
}

fn refused(before: Vec<Event>, command: Command, refusal: Refusal) {
    TestFramework::<ContactLink>::with(()).given(before).when(command).then_expect_error(refusal);
}

#[test]
fn a_source_id_is_one_contacts_for_good() {
    check(vec![], link(CLEO, "src-1"), vec![linked()]);
    check(vec![linked()], link(CLEO, "src-1"), vec![]);
    refused(vec![linked()], link(DORA, "src-1"), Refusal::SourceIdTaken);
}

#[test]
fn a_source_id_is_neither_blank_nor_endless() {
    refused(vec![], link(CLEO, " "), Refusal::SourceIdBlank);
    let excess = Excess::Characters { field: "source_id", length: 257, max: 256 };
    refused(vec![], link(CLEO, &"x".repeat(257)), Refusal::Excess(excess));
}

#[test]
fn the_first_conversation_that_is_chosen_stays_until_it_is_gone() {
    let conversation = |n| ConversationId::new(Uuid::from_u128(n));
    let choose = |n, instead_of: Option<u128>| Command::ChooseConversation {
        conversation: conversation(n),
        instead_of: instead_of.map(conversation),
    };
    let chosen = |n| Event::LinkedConversationChosen { linked: conversation(n) };
    refused(vec![], choose(7, None), Refusal::LinkUnknown);
    check(vec![linked()], choose(7, None), vec![chosen(7)]);
    check(vec![linked(), chosen(7)], choose(7, None), vec![]);
    refused(vec![linked(), chosen(7)], choose(8, None), Refusal::ConversationChosen);
    check(vec![linked(), chosen(7)], choose(8, Some(7)), vec![chosen(8)]);
    // A concurrent command has already replaced it.
    let given = vec![linked(), chosen(7), chosen(8)];
    refused(given, choose(9, Some(7)), Refusal::ConversationChosen);
}
