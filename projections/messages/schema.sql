-- Case folding for comparisons: full case folding in normal form C, in every language, whatever
-- the database's locale. Lower case first, because `upper` turns only the small sharp s into SS,
-- not the capital one. Dotted and dotless i stay distinct, as in a locale without a language.
-- ASCII texts only need `upper`, in an eighth of the time. Not declared strict, which would prevent
-- inlining.
create function fold_text(t text) returns text
    language sql immutable parallel safe
return case
    when octet_length(t) = length(t) then upper(t collate "und-x-icu")
    else normalize(upper(lower(normalize(t, nfc) collate "und-x-icu")), nfc)
end;

create table messages (
    account_id   bigint      not null,
    -- The account position of the posting: increasing, and unchanged by a rebuild.
    id           bigint      not null,
    uuid         uuid        not null,
    conversation uuid        not null,
    author       uuid        not null,
    text         text        not null,
    metadata     jsonb,
    tags         text[]      not null,
    created_at   timestamptz not null,
    modified_at  timestamptz,
    constraint messages_one_per_id primary key (account_id, id),
    constraint messages_one_per_uuid unique (uuid)
);

-- Pages of one conversation, in either direction, and its newest message.
create index messages_of_a_conversation on messages (conversation, id);

-- The number of messages of a conversation, maintained so that no list has to count them.
create table message_counts (
    conversation uuid   not null,
    messages     bigint not null,
    constraint counts_one_per_conversation primary key (conversation)
)
with (fillfactor = 50);

-- Counts rows actually inserted and deleted: a deletion may name a message that does not exist.
create function count_messages() returns trigger
    language plpgsql as
$$
begin
    -- A restore, or a change by hand, runs without the schema in its search path.
    if to_regclass('message_counts') is null then
        perform set_config('search_path', tg_table_schema, true);
    end if;
    if tg_op = 'INSERT' then
        insert into message_counts as c (conversation, messages)
        select conversation, count(*) from new_messages group by conversation
        on conflict on constraint counts_one_per_conversation do update
        set messages = c.messages + excluded.messages;
    else
        update message_counts c
        set messages = c.messages - gone.messages
        from (select conversation, count(*) as messages from old_messages
              group by conversation) gone
        where c.conversation = gone.conversation;
    end if;
    return null;
end
$$;

create trigger messages_count_inserted after insert on messages
    referencing new table as new_messages
    for each statement execute function count_messages();
create trigger messages_count_deleted after delete on messages
    referencing old table as old_messages
    for each statement execute function count_messages();

create function apply_messages(changes jsonb) returns boolean
    language plpgsql as
$$
begin
    if changes ? 'posted' then
        insert into messages
            (account_id, id, uuid, conversation, author, text, metadata, tags, created_at,
             modified_at)
        select account_id, id, uuid, conversation, author, text, metadata, tags, created_at,
               modified_at
        from jsonb_to_recordset(changes -> 'posted') as r
            (account_id bigint, id bigint, uuid uuid, conversation uuid, author uuid, text text,
             metadata jsonb, tags text[], created_at timestamptz, modified_at timestamptz)
        on conflict on constraint messages_one_per_id do nothing;
    end if;
    if changes ? 'edited' then
        update messages m
        set text = r.text,
            metadata = r.metadata,
            tags = r.tags,
            modified_at = r.modified_at
        from jsonb_to_recordset(changes -> 'edited') as r
            (uuid uuid, text text, metadata jsonb, tags text[], modified_at timestamptz)
        where m.uuid = r.uuid;
    end if;
    if changes ? 'deleted' then
        delete from messages
        where uuid = any(array(select value::uuid
                               from jsonb_array_elements_text(changes -> 'deleted')));
    end if;
    if changes ? 'deleted_conversations' then
        delete from messages
        where conversation = any(array(
            select value::uuid from jsonb_array_elements_text(changes -> 'deleted_conversations')));
        delete from message_counts
        where conversation = any(array(
            select value::uuid from jsonb_array_elements_text(changes -> 'deleted_conversations')));
    end if;
    return true;
end
$$;
