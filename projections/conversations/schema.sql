create table conversations (
    uuid            uuid        not null,
    account_id      bigint      not null,
    -- The public number: the account position of the creation. Unique, increasing, and unchanged by
    -- a rebuild.
    number          bigint      not null,
    -- The account position of the newest event that changed the shared state.
    revision        bigint      not null,
    kind            text        not null,
    uid             text,
    name            text,
    description     text,
    metadata        jsonb,
    tags            text[]      not null,
    avatar_url      text,
    created_at      timestamptz not null,
    created_by      uuid,
    -- When the name, description, tags, picture or members last changed.
    modified_at     timestamptz not null,
    modified_by     uuid,
    -- When the messages, the name or the members last changed, truncated to milliseconds.
    changed_at      timestamptz not null,
    trashed         boolean     not null default false,
    -- Pinned for everyone.
    pinned_message  uuid,
    member_count    bigint      not null,
    -- The conversation has, or once had, too many members to update each one's row for every
    -- message: reads of their lists join the sort columns from here. Never reset, so that the value
    -- does not depend on when it is read.
    is_large        boolean     not null,
    -- The newest message, its author, and the newest message by anyone else: together they give,
    -- for every member, the newest message by another user.
    newest_id       bigint,
    newest_author   uuid,
    newest_by_other bigint,
    constraint conversations_one_per_uuid primary key (uuid),
    constraint conversations_one_per_number unique (account_id, number)
)
-- Every message updates its conversation's row, but no index entry.
with (fillfactor = 70);

-- The newest message by anyone but the given member.
create function newest_by_others(c conversations, member uuid) returns bigint
    language sql immutable parallel safe
return case when member = (c).newest_author then (c).newest_by_other else (c).newest_id end;

create function apply_conversations(changes jsonb) returns boolean
    language plpgsql as
$$
declare
    large constant int := 100;
begin
    if changes ? 'created' then
        insert into conversations
            (uuid, account_id, number, revision, kind, uid, name, description, metadata, tags,
             created_at, created_by, modified_at, modified_by, changed_at, member_count, is_large)
        select uuid, account_id, number, revision, kind, uid, name, description, metadata, tags,
               created_at, created_by, created_at, created_by,
               date_trunc('milliseconds', created_at), member_count, member_count > large
        from jsonb_to_recordset(changes -> 'created') as r
            (uuid uuid, account_id bigint, number bigint, revision bigint, kind text, uid text,
             name text, description text, metadata jsonb, tags text[], created_at timestamptz,
             created_by uuid, member_count bigint)
        on conflict on constraint conversations_one_per_uuid do nothing;
    end if;
    if changes ? 'changed' then
        update conversations c
        set revision = r.revision,
            name = case when r.renamed then r.name else c.name end,
            description = case when r.described then r.description else c.description end,
            tags = coalesce(r.tags, c.tags),
            metadata = case when r.metadata_changed then r.metadata else c.metadata end,
            avatar_url = case when r.avatar_changed then r.avatar_url else c.avatar_url end,
            pinned_message = case when r.pin_changed then r.pinned_message
                else c.pinned_message end,
            trashed = coalesce(r.trashed, c.trashed),
            modified_at = coalesce(r.modified_at, c.modified_at),
            modified_by = case when r.modified_at is null then c.modified_by else r.modified_by end,
            changed_at = coalesce(date_trunc('milliseconds', r.changed_at), c.changed_at),
            member_count = c.member_count + r.member_delta,
            is_large = c.is_large or c.member_count + r.member_delta_max > large,
            newest_id = coalesce(r.newest_id, c.newest_id),
            newest_author = coalesce(r.newest_author, c.newest_author),
            newest_by_other = case
                when r.newest_id is null then c.newest_by_other
                when r.newest_by_other is not null then r.newest_by_other
                when c.newest_author <> r.newest_author then c.newest_id
                else c.newest_by_other
            end
        from jsonb_to_recordset(changes -> 'changed') as r
            (uuid uuid, revision bigint, renamed boolean, name text, described boolean,
             description text, tags text[], metadata_changed boolean, metadata jsonb,
             avatar_changed boolean, avatar_url text, pin_changed boolean, pinned_message uuid,
             trashed boolean, modified_at timestamptz, modified_by uuid, changed_at timestamptz,
             member_delta bigint, member_delta_max bigint, newest_id bigint, newest_author uuid,
             newest_by_other bigint)
        where c.uuid = r.uuid
          -- A batch that is applied again changes nothing.
          and c.revision < r.revision;
    end if;
    if changes ? 'deleted_messages' then
        update conversations c
        set newest_id = n.id,
            newest_author = n.author,
            newest_by_other = (select o.id
                               from messages o
                               where o.conversation = c.uuid and o.author <> n.author
                                 and o.id <= r.revision
                               order by o.id desc
                               limit 1),
            pinned_message = case
                when c.pinned_message::text
                    in (select jsonb_array_elements_text(changes -> 'deleted_messages'))
                then null
                else c.pinned_message
            end
        from jsonb_to_recordset(changes -> 'changed') as r
            (uuid uuid, revision bigint, message_deleted boolean)
        -- The messages read model may be ahead of this one.
        left join lateral (select m.id, m.author
                           from messages m
                           where m.conversation = r.uuid and m.id <= r.revision
                           order by m.id desc
                           limit 1) n on true
        where c.uuid = r.uuid
          and r.message_deleted;
    end if;
    if changes ? 'deleted' then
        delete from conversations
        where uuid = any(array(select value::uuid
                               from jsonb_array_elements_text(changes -> 'deleted')));
    end if;
    return true;
end
$$;
