-- Messages are applied before conversations, which count them.
create function apply_support(changes jsonb) returns boolean
    language plpgsql as
$$
begin
    if changes ? 'created' then
        perform create_support(changes -> 'created');
    end if;
    if changes ? 'posted' then
        insert into support_messages
            (account_id, id, uuid, conversation, direction, sender, author, contact, private,
             content_type, text, content_attributes, source_id, echo_id, created_at, updated_at,
             deleted)
        select account_id, id, uuid, conversation, direction, sender, author, contact,
               coalesce(private, false), content_type, text, content_attributes, source_id, echo_id,
               created_at, updated_at, coalesce(deleted, false)
        from jsonb_to_recordset(changes -> 'posted') as r
            (account_id bigint, id bigint, uuid uuid, conversation uuid, direction text,
             sender text, author uuid, contact uuid, private boolean, content_type text, text text,
             content_attributes jsonb, source_id text, echo_id text, created_at timestamptz,
             updated_at timestamptz, deleted boolean)
        on conflict on constraint support_messages_one_per_id do nothing;
    end if;
    if changes ? 'deleted_messages' then
        update support_messages m
        set text = '',
            content_attributes = null,
            source_id = null,
            updated_at = r.at,
            deleted = true
        from jsonb_to_recordset(changes -> 'deleted_messages') as r (uuid uuid, at timestamptz)
        where m.uuid = r.uuid;
    end if;
    if changes ? 'changed' then
        perform change_support(changes -> 'changed');
    end if;
    if changes ? 'deleted' then
        perform delete_support(array(
            select value::uuid from jsonb_array_elements_text(changes -> 'deleted')));
    end if;
    return true;
end
$$;

create function create_support(created jsonb) returns void
    language sql as
$$
    with inserted as (
        insert into support_conversations
            (conversation, account_id, number, revision, inbox, contact, link, source_id, status,
             snoozed_until, priority, assignee, team, additional_attributes, custom_attributes,
             created_at, last_activity_at, waiting_since, updated_at)
        select conversation, account_id, number, revision, inbox, contact, link, source_id, status,
               snoozed_until, priority, assignee, team, coalesce(additional_attributes, '{}'),
               coalesce(custom_attributes, '{}'), created_at, created_at, created_at, created_at
        from jsonb_to_recordset(created) as r
            (conversation uuid, account_id bigint, number bigint, revision bigint, inbox uuid,
             contact uuid, link uuid, source_id text, status text, snoozed_until timestamptz,
             priority text, assignee uuid, team uuid, additional_attributes jsonb,
             custom_attributes jsonb, created_at timestamptz)
        on conflict on constraint support_conversations_one_per_uuid do nothing
        returning *
    )
    insert into support_order
        (account_id, number, conversation, inbox, status, priority, assignee, team, unattended,
         last_activity_at, waiting_since, updated_at, bucket)
    select account_id, number, conversation, inbox, support_status(status),
           support_priority(priority), coalesce(assignee, '00000000-0000-0000-0000-000000000000'),
           coalesce(team, '00000000-0000-0000-0000-000000000000'), true, created_at, created_at,
           created_at, support_bucket(status, assignee)
    from inserted;
$$;

create function change_support(changed jsonb) returns void
    language plpgsql as
$$
begin
    with changed as (
        update support_conversations c
        set revision = r.revision,
            status = coalesce(r.status, c.status),
            snoozed_until = case when r.status is null then c.snoozed_until
                else r.snoozed_until end,
            priority = case when r.priority_changed then r.priority else c.priority end,
            assignee = case when r.assignee_changed then r.assignee else c.assignee end,
            team = case when r.team_changed then r.team else c.team end,
            labels = coalesce(r.labels, c.labels),
            custom_attributes = case
                when r.attributes_changed then coalesce(r.custom_attributes, '{}')
                else c.custom_attributes
            end,
            muted = coalesce(r.muted, c.muted),
            muted_until = case when r.muted is null then c.muted_until else r.muted_until end,
            newest_message = coalesce(r.newest_message, c.newest_message),
            unread_count = case
                when r.agents_marked then
                    (select count(*)
                     from support_messages m
                     where m.conversation = c.conversation
                       and m.direction = 'incoming'
                       and m.created_at > coalesce(r.agents_seen_at, '-infinity'))
                when r.last_incoming_at is not null then
                    c.unread_count
                    + (select count(*)
                       from support_messages m
                       where m.conversation = c.conversation
                         and m.id > coalesce(c.newest_message, 0)
                         and m.direction = 'incoming'
                         and m.created_at > coalesce(c.agents_seen_at, '-infinity'))
                else c.unread_count
            end,
            agents_seen_at = case when r.agents_marked then r.agents_seen_at
                else c.agents_seen_at end,
            assignee_seen_at = case when r.assignee_marked then r.assignee_seen_at
                else c.assignee_seen_at end,
            last_incoming_at = coalesce(r.last_incoming_at, c.last_incoming_at),
            last_activity_at = coalesce(r.last_activity_at, c.last_activity_at),
            first_reply_at = coalesce(c.first_reply_at, r.first_reply_at),
            waiting_since = case
                when r.waiting_ended then r.waiting_since
                else coalesce(c.waiting_since, r.waiting_since)
            end,
            updated_at = coalesce(r.updated_at, c.updated_at)
        from jsonb_to_recordset(changed) as r
            (conversation uuid, revision bigint, status text, snoozed_until timestamptz,
             priority_changed boolean, priority text, assignee_changed boolean, assignee uuid,
             team_changed boolean, team uuid, labels text[], attributes_changed boolean,
             custom_attributes jsonb, newest_message bigint, last_incoming_at timestamptz,
             last_activity_at timestamptz, first_reply_at timestamptz, waiting_ended boolean,
             waiting_since timestamptz, agents_marked boolean, agents_seen_at timestamptz,
             assignee_marked boolean, assignee_seen_at timestamptz, muted boolean,
             muted_until timestamptz, updated_at timestamptz)
        where c.conversation = r.conversation
          -- A batch that is applied again changes nothing.
          and c.revision < r.revision
        returning c.*
    ), narrow as (
        select account_id, number, support_status(status) as status,
               support_priority(priority) as priority,
               coalesce(assignee, '00000000-0000-0000-0000-000000000000') as assignee,
               coalesce(team, '00000000-0000-0000-0000-000000000000') as team,
               first_reply_at is null or waiting_since is not null as unattended, last_activity_at,
               coalesce(waiting_since, 'infinity') as waiting_since, updated_at,
               support_bucket(status, assignee) as bucket
        from changed
    )
    update support_order o
    set status = n.status,
        priority = n.priority,
        assignee = n.assignee,
        team = n.team,
        unattended = n.unattended,
        last_activity_at = n.last_activity_at,
        waiting_since = n.waiting_since,
        updated_at = n.updated_at,
        bucket = n.bucket
    from narrow n
    where o.account_id = n.account_id
      and o.number = n.number
      -- A moved read marker changes nothing here.
      and (o.status, o.priority, o.assignee, o.team, o.unattended, o.last_activity_at,
           o.waiting_since, o.updated_at)
          <> (n.status, n.priority, n.assignee, n.team, n.unattended, n.last_activity_at,
              n.waiting_since, n.updated_at);
end
$$;

create function delete_support(gone uuid[]) returns void
    language plpgsql as
$$
begin
    delete from support_order o
    using support_conversations c
    where c.conversation = any(gone)
      and o.account_id = c.account_id
      and o.number = c.number;
    delete from support_conversations where conversation = any(gone);
    delete from support_messages where conversation = any(gone);
end
$$;
