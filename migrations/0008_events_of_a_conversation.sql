-- Who read a conversation's trail belongs to the trail.
drop index events_of_a_conversation;

create index events_of_a_conversation on events (
    (case aggregate_type
         when 'conversation' then aggregate_id
         when 'participation' then payload ->> 'conversation'
         when 'audit' then payload ->> 'conversation'
     end),
    position
);
