//! How PostgreSQL is to plan: every statement of the read models is a walk along indexes, whatever
//! the statistics say.

/// Settings of the connections that read and write read models.
///
/// Statistics are missing on new tables and old on growing ones; the planner then believes that a
/// table is all but empty, and reads and hashes it whole. There is no statement here for which that
/// is right, so those ways are closed, and sorting is left for where no index has the order. Plans
/// are made once for each statement and connection: with the ways closed, the values do not matter,
/// and planning costs more than most of these statements do.
pub const PLANNER: &[(&str, &str)] = &[
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("enable_sort", "off"),
    ("jit", "off"),
];
