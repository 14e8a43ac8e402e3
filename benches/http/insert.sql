-- The statement that inserts the newest event once more, into a table that has the same columns.
select format(
    'insert into pgbench.events (%s) values (%s);',
    string_agg(quote_ident(a.attname), ', ' order by a.attnum),
    string_agg(
        case a.attname
            when 'aggregate_id' then 'gen_random_uuid()::text'
            when 'event_id' then 'gen_random_uuid()'
            when 'position' then 'nextval(''pgbench.position'')'
            when 'account_position' then 'currval(''pgbench.position'')'
            else quote_nullable(newest.event ->> a.attname)
        end,
        ', ' order by a.attnum
    )
)
from pg_attribute a,
     (select to_jsonb(e) as event from events e order by e.position desc limit 1) newest
where a.attrelid = 'events'::regclass
  and a.attnum > 0
  and not a.attisdropped
  and a.attgenerated = '';
