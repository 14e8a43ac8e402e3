-- Up to which position the log was imported without its keys: what is sealed there cannot be read,
-- and no key that is missing there was lost. It is written by the import and never changes.
create table imported_without_keys (
    up_to bigint not null,
    constraint imported_without_keys_one_per_import primary key (up_to)
);
