-- The number of support conversations per combination of counted columns.
create table support_counts (
    account_id    bigint   not null,
    inbox         uuid     not null,
    status        smallint not null,
    team          uuid     not null,
    assignee      uuid     not null,
    conversations bigint   not null,
    constraint support_counts_one_each primary key (account_id, inbox, status, team, assignee),
    constraint support_counts_are_not_negative check (conversations >= 0)
)
with (fillfactor = 50);

-- Maintains the counts after every statement that changes narrow rows, as for memberships.
create function count_support() returns trigger
    language plpgsql as
$$
begin
    -- A restore, or a change by hand, runs without the schema in its search path.
    if to_regclass('support_counts') is null then
        perform set_config('search_path', tg_table_schema, true);
    end if;
    if tg_op = 'INSERT' then
        insert into support_counts as c (account_id, inbox, status, team, assignee, conversations)
        select account_id, inbox, status, team, assignee, count(*)
        from new_rows
        group by account_id, inbox, status, team, assignee
        on conflict on constraint support_counts_one_each do update
        set conversations = c.conversations + excluded.conversations;
    elsif tg_op = 'DELETE' then
        update support_counts c
        set conversations = c.conversations - d.conversations
        from (select account_id, inbox, status, team, assignee, count(*) as conversations
              from old_rows
              group by account_id, inbox, status, team, assignee) d
        where (c.account_id, c.inbox, c.status, c.team, c.assignee)
            = (d.account_id, d.inbox, d.status, d.team, d.assignee);
    else
        -- Deliberately not a join of old and new rows: see `count_memberships`.
        with changed as materialized (
            select account_id, inbox, status, team, assignee, sum(change) as change
            from (select account_id, inbox, status, team, assignee, 1 as change from new_rows
                  union all
                  select account_id, inbox, status, team, assignee, -1 from old_rows) both_ways
            group by account_id, inbox, status, team, assignee
            having sum(change) <> 0
        ), risen as (
            insert into support_counts as c
                (account_id, inbox, status, team, assignee, conversations)
            select account_id, inbox, status, team, assignee, change from changed where change > 0
            on conflict on constraint support_counts_one_each do update
            set conversations = c.conversations + excluded.conversations
        )
        update support_counts c
        set conversations = c.conversations + d.change
        from changed d
        where d.change < 0
          and (c.account_id, c.inbox, c.status, c.team, c.assignee)
            = (d.account_id, d.inbox, d.status, d.team, d.assignee);
    end if;
    return null;
end
$$;

create trigger support_count_inserted after insert on support_order
    referencing new table as new_rows
    for each statement execute function count_support();
create trigger support_count_deleted after delete on support_order
    referencing old table as old_rows
    for each statement execute function count_support();
create trigger support_count_updated after update on support_order
    referencing old table as old_rows new table as new_rows
    for each statement execute function count_support();
