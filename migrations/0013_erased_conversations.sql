-- With a conversation, all of its messages are erased from the NATS stream, also those without
-- sealed text: who was in it, and what its members did.

-- The append lists what is sealed, under the lock of the head, because its keys go in the same
-- transaction. The rest may be millions of events, for which no other append should wait. So the
-- relay lists it, when it has published the event that deletes the conversation and before its
-- checkpoint moves from `after` to `up_to`.
create function list_erased_conversations(after bigint, up_to bigint) returns void
    language sql as
$$
    insert into nats_erasures (position, erased_by)
    select e.position, d.position
    from events d
        join events e on e.conversation_id = d.conversation_id and e.position < d.position
    where d.position > $1
      and d.position <= $2
      and d.aggregate_type = 'conversation'
      and d.event_type = 'ConversationDeleted'
    on conflict on constraint nats_erasures_one_per_message do nothing
$$;

-- Those that were published before this migration.
select list_erased_conversations(0, (select position from log_head));
