use cqrs_es::test::TestFramework;
use uuid::Uuid;

use super::*;
use crate::ContactId;

const CLEO: ContactId = ContactId::new(Uuid::from_u128(1));
const DORA: ContactId = ContactId::new(Uuid::from_u128(2));

fn claim(contact: ContactId) -> Command {
    Command::Claim { contact, identity: Identity::Email }
}

fn check(before: Vec<Event>, command: Command, after: Vec<Event>) {
    TestFramework::<ContactClaim>::with(()).given(before).when(command).then_expect_events(after);
}

#[test]
fn a_value_is_one_contacts_until_it_is_released() {
    let claimed = |contact| Event::ContactClaimed { contact };
    let released = Event::ContactClaimReleased { contact: CLEO };
    check(vec![], claim(CLEO), vec![claimed(CLEO)]);
    check(vec![claimed(CLEO)], claim(CLEO), vec![]);
    TestFramework::<ContactClaim>::with(())
        .given(vec![claimed(CLEO)])
        .when(claim(DORA))
        .then_expect_error(Refusal::Taken(Identity::Email));
    let release = |contact| Command::Release { contact };
    check(vec![claimed(CLEO)], release(DORA), vec![]);
    check(vec![claimed(CLEO)], release(CLEO), vec![released.clone()]);
    check(vec![claimed(CLEO), released], claim(DORA), vec![claimed(DORA)]);
}

#[test]
fn e_mail_addresses_are_compared_without_case_and_kinds_apart() {
    let account = AccountId::FIRST;
    let claim = |identity: Identity, value: &str| identity.claim(account, value);
    assert_eq!(claim(Identity::Email, "C@host.example "), claim(Identity::Email, "c@host.example"));
    assert_ne!(claim(Identity::Identifier, "C"), claim(Identity::Identifier, "c"));
    assert_ne!(claim(Identity::Identifier, "c"), claim(Identity::PhoneNumber, "c"));
    assert_ne!(claim(Identity::Email, "c"), Identity::Email.claim(AccountId::new(2), "c"));
}
