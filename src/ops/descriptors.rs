//! The limit on open files, and how many of them are left for HTTP connections.

use anyhow::Context;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::Failure;

/// Beyond that, more connections only cost memory: the machine is busy long before.
const HTTP_MAX: u64 = 10_000;
/// Reserved for NATS, PostgreSQL connections outside the pools, standard streams, files, and some
/// spare.
const OTHERS: u64 = 64;

/// How many HTTP connections there is room for beside the pools' connections to PostgreSQL. The
/// soft limit is raised for them as far as the hard limit allows: it is low only for the sake of
/// programs that use `select`.
pub(super) fn left_for_http(pool_connections_max: u32) -> Result<usize, Failure> {
    let reserved = u64::from(pool_connections_max) + OTHERS;
    let limit = getrlimit(Resource::Nofile);
    let wanted = HTTP_MAX + reserved;
    let allowed = limit.maximum.map_or(wanted, |maximum| maximum.min(wanted));
    let mut current = limit.current.unwrap_or(wanted);
    if current < allowed {
        let raised = Rlimit { current: Some(allowed), maximum: limit.maximum };
        setrlimit(Resource::Nofile, raised).context("cannot raise the limit on open files")?;
        current = allowed;
    }
    match current.min(wanted).saturating_sub(reserved) {
        0 => Err(Failure::Usage(format!(
            "the limit on open files (ulimit -n) is {current}: expected more than {reserved}"
        ))),
        left => Ok(left as usize),
    }
}
