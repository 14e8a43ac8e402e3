//! Implements cqrs-es's traits for deciders, for its framework and its test kit.

use crate::{
    audit, contact, contact_claim, contact_link, conversation, inbox, participation, team, user,
};

#[doc(hidden)]
pub use cqrs_es::{Aggregate, DomainEvent, event_sink::EventSink};

/// Implements cqrs-es's `Aggregate` and `DomainEvent` for a [`Decider`](crate::Decider) and its
/// [`StoredEvent`](crate::StoredEvent): `aggregate!(Ticket, TicketEvent)`. A macro, because the
/// orphan rule allows a blanket implementation only in cqrs-es itself.
#[macro_export]
macro_rules! aggregate {
    ($decider:ty, $event:ty) => {
        impl $crate::cqrs::Aggregate for $decider {
            const TYPE: &'static str = <Self as $crate::Decider>::TYPE;
            type Command = <Self as $crate::Decider>::Command;
            type Event = $event;
            type Error = <Self as $crate::Decider>::Refusal;
            type Services = ();

            async fn handle(
                &mut self,
                command: Self::Command,
                (): &(),
                sink: &$crate::cqrs::EventSink<Self>,
            ) -> Result<(), Self::Error> {
                for event in $crate::Decider::decide(self, command)? {
                    sink.write(event, self).await;
                }
                Ok(())
            }

            fn apply(&mut self, event: Self::Event) {
                $crate::Decider::evolve(self, &event);
            }
        }

        impl $crate::cqrs::DomainEvent for $event {
            fn event_type(&self) -> String {
                $crate::StoredEvent::event_type(self).to_owned()
            }

            fn event_version(&self) -> String {
                $crate::StoredEvent::event_version(self).to_owned()
            }
        }
    };
}

aggregate!(audit::Audit, audit::Event);
aggregate!(contact::Contact, contact::Event);
aggregate!(contact_claim::ContactClaim, contact_claim::Event);
aggregate!(contact_link::ContactLink, contact_link::Event);
aggregate!(conversation::Conversation, conversation::Event);
aggregate!(inbox::Inbox, inbox::Event);
aggregate!(participation::Participation, participation::Event);
aggregate!(team::Teams, team::Event);
aggregate!(user::User, user::Event);
