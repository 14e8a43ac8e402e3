-- At most one timer of a kind per stream: a new one replaces the old one.
create table timers (
    stream       uuid        not null,
    kind         text        not null,
    account_id   bigint      not null,
    conversation uuid        not null,
    -- The membership whose timer it is; 0 for a timer of the conversation itself.
    membership   bigint      not null,
    due_at       timestamptz not null,
    -- The event that set the timer.
    cause        uuid        not null,
    -- The action to take, with everything that its command needs.
    action       jsonb       not null,
    constraint timers_one_per_kind primary key (stream, kind)
);

-- To delete the timers of an erased conversation.
create index timers_of_a_conversation on timers (conversation);

create function apply_timers(changes jsonb) returns boolean
    language plpgsql as
$$
begin
    if changes ? 'timers' then
        delete from timers t
        using jsonb_to_recordset(changes -> 'timers') as r (stream uuid, kind text)
        where t.stream = r.stream
          and t.kind = r.kind;
        insert into timers
            (stream, kind, account_id, conversation, membership, due_at, cause, action)
        select stream, kind, account_id, conversation, membership, due_at, cause, action
        from jsonb_to_recordset(changes -> 'timers') as r
            (stream uuid, kind text, account_id bigint, conversation uuid, membership bigint,
             due_at timestamptz, cause uuid, action jsonb)
        where r.due_at is not null;
    end if;
    if changes ? 'memberships' then
        delete from timers t
        using jsonb_array_elements(changes -> 'memberships') as r (pair)
        where t.stream = (r.pair ->> 0)::uuid
          and t.membership < (r.pair ->> 1)::bigint;
    end if;
    if changes ? 'deleted_conversations' then
        delete from timers
        where conversation = any(array(
            select value::uuid from jsonb_array_elements_text(changes -> 'deleted_conversations')));
    end if;
    return true;
end
$$;
