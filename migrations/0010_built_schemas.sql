-- Which schema the checkpoint of a read model stands for.

-- A checkpoint is right only beside the rows that it was written with. A restore can bring
-- checkpoints without rows (the log alone was backed up), and rows that triggers have counted twice
-- (the schemas were restored first, the data after them). So a checkpoint names the very schema
-- that was built, by what no dump brings along: the database cluster's identifier, and the numbers
-- of the database and of the schema. Where they are others, the model is built anew. A copy of the
-- cluster's files, a replica and a recovery to a point in time keep them.
alter table checkpoints
    -- "system identifier/oid"; null for what has no schema, as the relay.
    add column database   text,
    add column schema_oid oid;
