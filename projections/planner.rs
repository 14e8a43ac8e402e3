//! Planner settings: every statement on the read models uses indexes, whatever the statistics say.

/// Settings of the connections that read and write read models.
///
/// New tables have no statistics and growing ones have old ones; the planner then takes a table for
/// nearly empty, and chooses sequential scans and hash joins. No statement here wants those, so
/// they are disabled; sorting remains possible where no index has the order. Each connection plans
/// a statement once: with those plans excluded the parameters' values do not matter, and planning
/// costs more than executing most of these statements.
pub const PLANNER: &[(&str, &str)] = &[
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("enable_sort", "off"),
    ("jit", "off"),
];
