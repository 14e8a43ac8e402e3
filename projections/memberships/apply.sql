-- Conversations are applied before memberships: everything here is derived from their rows as of
-- the end of the batch. New memberships start from their conversation's row; members' own changes
-- are applied last.
create function apply_memberships(changes jsonb) returns boolean
    language plpgsql as
$$
declare
    touched uuid[];
begin
    if changes ? 'deleted_conversations' then
        perform delete_conversations(array(
            select value::uuid from jsonb_array_elements_text(changes -> 'deleted_conversations')));
    end if;
    if changes ? 'memberships' then
        perform end_memberships(changes -> 'memberships');
    end if;
    if changes ? 'conversations' then
        touched := array(select value::uuid
                         from jsonb_array_elements_text(changes -> 'conversations'));
        perform fan_out(touched, changes ? 'memberships');
    end if;
    if changes ? 'trash_changed' then
        perform follow_the_trash(array(
            select value::uuid from jsonb_array_elements_text(changes -> 'trash_changed')));
    end if;
    if changes ? 'memberships' then
        perform begin_memberships(changes -> 'memberships');
    end if;
    if changes ? 'members' then
        perform change_members(changes -> 'members');
    end if;
    if changes ? 'readings' then
        perform change_read_ranges(changes -> 'readings');
    end if;
    return true;
end
$$;

create function delete_conversations(gone uuid[]) returns void
    language plpgsql as
$$
begin
    delete from memberships m
    using members s
    where s.conversation = any(gone)
      and m.user_id = s.user_id
      and m.conversation = s.conversation;
    delete from read_ranges k
    using members s
    where s.conversation = any(gone)
      and k.user_id = s.user_id
      and k.conversation = s.conversation;
    delete from members where conversation = any(gone);
end
$$;

create function end_memberships(changed jsonb) returns void
    language plpgsql as
$$
begin
    delete from read_ranges k
    using jsonb_to_recordset(changed) as r (conversation uuid, user_id uuid, membership bigint)
    join members s on s.conversation = r.conversation
                              and s.user_id = r.user_id
                              and s.membership is distinct from r.membership
    where k.user_id = s.user_id and k.conversation = s.conversation;
    delete from memberships m
    using jsonb_to_recordset(changed) as r (conversation uuid, user_id uuid, membership bigint)
    where m.conversation = r.conversation
      and m.user_id = r.user_id
      and m.membership is distinct from r.membership;
    delete from members s
    using jsonb_to_recordset(changed) as r (conversation uuid, user_id uuid, membership bigint)
    where s.conversation = r.conversation
      and s.user_id = r.user_id
      and s.membership is distinct from r.membership;
end
$$;

-- Propagates a message, a new name or trashing to the rows of all members, skipping rows that would
-- not change. Large rooms are not fanned out.
create function fan_out(touched uuid[], may_have_grown boolean) returns void
    language plpgsql as
$$
begin
    if may_have_grown then
        update memberships m
        set is_large = true, rank = 0, changed_at = '-infinity', trashed = false, is_empty = false,
            unread = false
        from unnest(touched) as t (uuid)
        join conversations c on c.uuid = t.uuid and c.is_large
        -- Either all member rows of a conversation have `is_large` or none: checking one suffices.
        join lateral (select one.is_large
                      from members first
                      join memberships one on one.user_id = first.user_id
                                                      and one.conversation = first.conversation
                      where first.conversation = t.uuid
                      limit 1) known on not known.is_large
        join members s on s.conversation = t.uuid
        where m.user_id = s.user_id and m.conversation = s.conversation;
    end if;
    update memberships m
    set rank = coalesce(c.newest_id, c.number),
        is_empty = c.newest_id is null,
        trashed = c.trashed,
        changed_at = c.changed_at,
        unread = m.marked_unread
            or coalesce(newest_by_others(c, m.user_id), 0) > coalesce(m.marker, 0)
    from unnest(touched) as t (uuid)
    join conversations c on c.uuid = t.uuid and not c.is_large
    join members s on s.conversation = c.uuid
    where m.user_id = s.user_id
      and m.conversation = s.conversation
      and (m.rank, m.is_empty, m.trashed, m.changed_at, m.unread) is distinct from
          (coalesce(c.newest_id, c.number), c.newest_id is null, c.trashed, c.changed_at,
           m.marked_unread
               or coalesce(newest_by_others(c, m.user_id), 0) > coalesce(m.marker, 0));
end
$$;

create function follow_the_trash(changed uuid[]) returns void
    language plpgsql as
$$
begin
    update members s
    set trashed = c.trashed
    from unnest(changed) as t (uuid)
    join conversations c on c.uuid = t.uuid
    where s.conversation = t.uuid and s.trashed <> c.trashed;
end
$$;

create function begin_memberships(changed jsonb) returns void
    language plpgsql as
$$
begin
    insert into members
        (conversation, user_id, membership, joined_at, participation, number, kind, trashed, other)
    select r.conversation, r.user_id, r.membership, r.joined_at, r.participation, c.number, c.kind,
           c.trashed, r.other
    from jsonb_to_recordset(changed) as r
        (conversation uuid, user_id uuid, membership bigint, joined_at timestamptz,
         participation uuid, other uuid)
    join conversations c on c.uuid = r.conversation
    where r.membership is not null
    on conflict on constraint members_one_per_user do nothing;
    insert into memberships
        (user_id, conversation, membership, kind, is_large, rank, changed_at, trashed, is_empty,
         unread)
    select r.user_id, r.conversation, r.membership, kind_number(c.kind), c.is_large,
           case when c.is_large then 0 else coalesce(c.newest_id, c.number) end,
           case when c.is_large then '-infinity' else c.changed_at end,
           c.trashed and not c.is_large,
           c.newest_id is null and not c.is_large,
           coalesce(newest_by_others(c, r.user_id), 0) > 0 and not c.is_large
    from jsonb_to_recordset(changed) as r (conversation uuid, user_id uuid, membership bigint)
    join conversations c on c.uuid = r.conversation
    where r.membership is not null
    on conflict on constraint memberships_one_per_member do nothing;
end
$$;

create function change_members(changed jsonb) returns void
    language plpgsql as
$$
begin
    update memberships m
    set marker = case when r.marker_changed then r.marker else m.marker end,
        marked_at = case when r.marker_changed then r.marked_at else m.marked_at end,
        marked_unread = coalesce(r.marked_unread, m.marked_unread),
        unread = not m.is_large
            and (coalesce(r.marked_unread, m.marked_unread)
                 or coalesce(newest_by_others(c, m.user_id), 0)
                    > coalesce(case when r.marker_changed then r.marker else m.marker end, 0)),
        opened_at = coalesce(r.opened_at, m.opened_at),
        bookmark = case when r.bookmark_removed then r.bookmark
            else coalesce(m.bookmark, r.bookmark) end,
        pinned = nullif(coalesce(r.pinned, m.pinned), 0),
        muted = coalesce(r.muted, m.muted),
        muted_until = case when r.muted is null then m.muted_until else r.muted_until end,
        archived_at = case when r.archived is null then m.archived_at else r.archived_at end,
        starred = coalesce(r.starred, m.starred),
        subscribed = coalesce(r.subscribed, m.subscribed)
    from jsonb_to_recordset(changed) as r
        (conversation uuid, user_id uuid, membership bigint, marker_changed boolean, marker bigint,
         marked_at timestamptz, marked_unread boolean, opened_at timestamptz,
         bookmark_removed boolean, bookmark bigint, pinned bigint, muted boolean,
         muted_until timestamptz, archived boolean, archived_at timestamptz, starred boolean,
         subscribed boolean)
    join conversations c on c.uuid = r.conversation
    where m.user_id = r.user_id
      and m.conversation = r.conversation
      and m.membership = r.membership;
end
$$;

create function change_read_ranges(readings jsonb) returns void
    language plpgsql as
$$
begin
    -- A marker that moves back deletes the ranges above it, except the lowest of them, part of
    -- which is still covered.
    delete from read_ranges k
    using jsonb_to_recordset(readings) as r
        (conversation uuid, user_id uuid, membership bigint, read_ranges jsonb)
    join memberships m on m.user_id = r.user_id
                                  and m.conversation = r.conversation
                                  and m.membership = r.membership
    where k.user_id = m.user_id
      and k.conversation = m.conversation
      and ((r.read_ranges ->> 'cleared')::boolean
           or k.top > (select min(o.top)
                       from read_ranges o
                       where o.user_id = k.user_id
                         and o.conversation = k.conversation
                         and o.top >= (r.read_ranges ->> 'lowered')::bigint));
    -- Finds the rows first and then updates them by ctid: otherwise a plan made while the table
    -- was empty would scan all of it. There is one projector, so no row moves in between.
    update read_ranges k
    set top = w.lowered
    from (select o.place, (r.read_ranges ->> 'lowered')::bigint as lowered
          from jsonb_to_recordset(readings) as r
              (conversation uuid, user_id uuid, membership bigint, read_ranges jsonb)
          join memberships m on m.user_id = r.user_id
                                        and m.conversation = r.conversation
                                        and m.membership = r.membership
          cross join lateral (select o.ctid as place
                              from read_ranges o
                              where o.user_id = m.user_id
                                and o.conversation = m.conversation
                                and o.top > (r.read_ranges ->> 'lowered')::bigint
                              offset 0) o) w
    where k.ctid = w.place;
    insert into read_ranges (user_id, conversation, top, position, at)
    select m.user_id, m.conversation, added.top, added.position, added.at
    from jsonb_to_recordset(readings) as r
        (conversation uuid, user_id uuid, membership bigint, read_ranges jsonb)
    join memberships m on m.user_id = r.user_id
                                  and m.conversation = r.conversation
                                  and m.membership = r.membership
    cross join jsonb_to_recordset(r.read_ranges -> 'added') as added
        (top bigint, position bigint, at timestamptz)
    -- The limit makes this an index look-up per range.
    where (select o.top
           from read_ranges o
           where o.user_id = m.user_id
             and o.conversation = m.conversation
             and o.top >= added.top
           limit 1) is null;
end
$$;
