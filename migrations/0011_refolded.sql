-- Rows of read models that are made again in place.

-- Nodes remember what they read. Whoever changes rows otherwise than by the next events counts it
-- here, in the same transaction, so that nodes forget what they remember of the rows before.
alter table checkpoints
    add column refolded bigint not null default 0;
