-- Indexes that only queries need: built after the rows have been filled in.

-- The inboxes of an agent.
create index if not exists inbox_members_of_a_user on inbox_members (user_id, inbox);

-- Search by part of a contact's name, e-mail address, phone number or identifier, ignoring case.
create extension if not exists pg_trgm with schema public;
create extension if not exists btree_gin with schema public;
create index if not exists contacts_by_part_of_text on contacts using gin
    ((account_id::text),
     fold_contact(contact_text(name, email, phone_number, identifier)) public.gin_trgm_ops)
    -- Contacts change seldom compared with messages, and are searched often.
    with (fastupdate = off);

-- The newest link of a source id, of a contact, and of both.
create index if not exists contact_links_of_a_source_id
    on contact_links (account_id, source_id, position desc);
create index if not exists contact_links_of_a_contact on contact_links (contact, position desc);
