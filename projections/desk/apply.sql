create function apply_desk(changes jsonb) returns boolean
    language plpgsql as
$$
begin
    if changes ? 'inboxes' then
        perform change_inboxes(changes -> 'inboxes');
    end if;
    if changes ? 'deleted_teams' then
        perform delete_teams(array(
            select value::uuid from jsonb_array_elements_text(changes -> 'deleted_teams')));
    end if;
    if changes ? 'teams' then
        perform change_teams(changes -> 'teams');
    end if;
    if changes ? 'contacts' then
        perform change_contacts(changes -> 'contacts');
    end if;
    if changes ? 'links' then
        perform change_links(changes -> 'links');
    end if;
    return true;
end
$$;

create function change_inboxes(changed jsonb) returns void
    language plpgsql as
$$
begin
    insert into inboxes (uuid, account_id, number, channel, name)
    select r.uuid, m.account_id, m.number, r.channel, r.name
    from jsonb_to_recordset(changed) as r (uuid uuid, made jsonb, channel text, name text)
    cross join jsonb_to_record(r.made) as m (account_id bigint, number bigint)
    where r.made is not null
    on conflict on constraint inboxes_one_per_uuid do nothing;

    update inboxes i
    set name = coalesce(r.name, i.name),
        website_url = nullif(coalesce(r.website_url, i.website_url), ''),
        email = nullif(coalesce(r.email, i.email), ''),
        lock_to_single_conversation = coalesce(r.lock_to_single_conversation,
                                               i.lock_to_single_conversation),
        enable_auto_assignment = coalesce(r.enable_auto_assignment, i.enable_auto_assignment)
    from jsonb_to_recordset(changed) as r
        (uuid uuid, name text, website_url text, email text, lock_to_single_conversation boolean,
         enable_auto_assignment boolean)
    where i.uuid = r.uuid;

    delete from inbox_members m
    using jsonb_to_recordset(changed) as r (uuid uuid, members uuid[])
    where m.inbox = r.uuid
      and r.members is not null
      and m.user_id <> all(r.members);
    insert into inbox_members (inbox, user_id)
    select r.uuid, unnest(r.members)
    from jsonb_to_recordset(changed) as r (uuid uuid, members uuid[])
    on conflict on constraint inbox_members_one_per_user do nothing;
end
$$;

create function delete_teams(gone uuid[]) returns void
    language plpgsql as
$$
begin
    delete from team_members where team = any(gone);
    delete from teams where uuid = any(gone);
end
$$;

create function change_teams(changed jsonb) returns void
    language plpgsql as
$$
begin
    insert into teams (uuid, account_id, number, name)
    select r.uuid, m.account_id, m.number, r.name
    from jsonb_to_recordset(changed) as r (uuid uuid, made jsonb, name text)
    cross join jsonb_to_record(r.made) as m (account_id bigint, number bigint)
    where r.made is not null
    on conflict on constraint teams_one_per_uuid do nothing;

    update teams t
    set name = coalesce(r.name, t.name),
        description = nullif(coalesce(r.description, t.description), ''),
        allow_auto_assign = coalesce(r.allow_auto_assign, t.allow_auto_assign)
    from jsonb_to_recordset(changed) as r
        (uuid uuid, name text, description text, allow_auto_assign boolean)
    where t.uuid = r.uuid;

    delete from team_members m
    using jsonb_to_recordset(changed) as r (uuid uuid, members uuid[])
    where m.team = r.uuid
      and r.members is not null
      and m.user_id <> all(r.members);
    insert into team_members (team, user_id)
    select r.uuid, unnest(r.members)
    from jsonb_to_recordset(changed) as r (uuid uuid, members uuid[])
    on conflict on constraint team_members_one_per_user do nothing;
end
$$;

create function change_contacts(changed jsonb) returns void
    language plpgsql as
$$
begin
    with inserted as (
        insert into contacts (uuid, account_id, number, created_at)
        select r.uuid, m.account_id, m.number, m.at
        from jsonb_to_recordset(changed) as r (uuid uuid, made jsonb)
        cross join jsonb_to_record(r.made) as m (account_id bigint, number bigint, at timestamptz)
        where r.made is not null
        on conflict on constraint contacts_one_per_uuid do nothing
        returning account_id
    )
    insert into contact_counts as c (account_id, contacts)
    select account_id, count(*) from inserted group by account_id
    on conflict on constraint contact_counts_one_per_account do update
    set contacts = c.contacts + excluded.contacts;

    update contacts c
    set name = coalesce(r.name, c.name),
        email = nullif(coalesce(r.email, c.email), ''),
        phone_number = nullif(coalesce(r.phone_number, c.phone_number), ''),
        identifier = nullif(coalesce(r.identifier, c.identifier), ''),
        additional_attributes = coalesce(r.additional_attributes, c.additional_attributes),
        custom_attributes = coalesce(r.custom_attributes, c.custom_attributes),
        last_activity_at = coalesce(r.last_activity_at, c.last_activity_at)
    from jsonb_to_recordset(changed) as r
        (uuid uuid, name text, email text, phone_number text, identifier text,
         additional_attributes jsonb, custom_attributes jsonb, last_activity_at timestamptz)
    where c.uuid = r.uuid;
end
$$;

create function change_links(changed jsonb) returns void
    language plpgsql as
$$
begin
    insert into contact_links (uuid, account_id, contact, inbox, source_id, position)
    select r.uuid, l.account_id, l.contact, l.inbox, l.source_id, l.position
    from jsonb_to_recordset(changed) as r (uuid uuid, linked jsonb)
    cross join jsonb_to_record(r.linked) as l
        (account_id bigint, contact uuid, inbox uuid, source_id text, position bigint)
    where r.linked is not null
    on conflict on constraint contact_links_one_per_uuid do nothing;

    update contact_links l
    set chosen = r.chosen
    from jsonb_to_recordset(changed) as r (uuid uuid, chosen uuid)
    where l.uuid = r.uuid
      and r.chosen is not null;
end
$$;
