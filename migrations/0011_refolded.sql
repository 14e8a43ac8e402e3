-- Rows of read models that are made again in place.

-- Nodes remember what they read. A change of rows other than by the next events is counted
-- here, in the same transaction, so that nodes forget what they remember of the rows before.
alter table checkpoints
    add column refolded bigint not null default 0;
