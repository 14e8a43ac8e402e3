//! Planner settings: every statement on the read models walks indexes, with all statistics.

/// Settings of the connections that read and write read models.
///
/// Statistics are missing on new tables and old on growing ones; the planner then takes a table for
/// nearly empty, and scans and hashes it. That is right for no statement here, so these plans are
/// disabled; sorting stays available where no index has the order. Plans are made once for each
/// statement and connection: with the ways closed, the values do not matter, and planning costs
/// more than most of these statements do.
pub const PLANNER: &[(&str, &str)] = &[
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("enable_sort", "off"),
    ("jit", "off"),
];
