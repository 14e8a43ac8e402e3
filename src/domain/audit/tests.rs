use cqrs_es::test::TestFramework;
use uuid::Uuid;

use super::*;

#[test]
fn every_reading_is_recorded_also_the_second() {
    let conversation = ConversationId::new(Uuid::from_u128(1));
    let read = Event::AuditTrailRead { conversation, part: Part::State };
    TestFramework::<Audit>::with(())
        .given(vec![read.clone()])
        .when(Command::RecordReading { conversation, part: Part::State })
        .then_expect_events(vec![read]);
}
