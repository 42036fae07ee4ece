//! How much memory a rank takes, and whether the node has it: a strict binding that runs out kills, it does not fail.

use super::layout::with_slack;
use super::{Case, Seat};
use crate::error::{Error, Result};
use crate::units::human_bytes;

/// Left untouched on every node: the kernel, the page cache of the results, the launcher.
const KEPT_FREE_SHARE: f64 = 0.05;

/// The arena that the hungriest case needs, and room to lie in it elsewhere; 0 when no case uses the slab allocator.
pub(super) fn arena_bytes(cases: &[Case]) -> u64 {
    with_slack(cases.iter().map(Case::arena_bytes).max().unwrap_or(0))
}

/// What a source of memory can give one rank, of which something stays free.
pub(super) fn usable(offered: u64, sharing: u32) -> u64 {
    (offered as f64 * (1.0 - KEPT_FREE_SHARE)) as u64 / u64::from(sharing.max(1))
}

/// Refuses what cannot fit, with every number that the decision rests on.
pub(super) fn check(cases: &[Case], seat: &Seat) -> Result<()> {
    let offers = [
        (seat.free_bytes, seat.ranks_on_node, format!("free on {}", seat.node)),
        (seat.cgroup_bytes, seat.ranks_on_host, "left in this process's cgroup".to_owned()),
    ];
    let Some(hungriest) = cases.iter().max_by_key(|case| case.arena_bytes()) else { return Ok(()) };
    let needed = with_slack(hungriest.arena_bytes());
    for (offered, sharing, where_) in offers {
        let Some(offered) = offered else { continue };
        if needed > usable(offered, sharing) {
            let shared = match sharing {
                0 | 1 => String::new(),
                ranks => format!(", shared by {ranks} ranks"),
            };
            return Err(Error::Environment(format!(
                "not enough memory: {} needs {} for each rank, but {} are {where_}{shared}; \
                 use smaller chunks, fewer in flight or fewer workers",
                hungriest.id,
                human_bytes(needed),
                human_bytes(offered),
            )));
        }
    }
    Ok(())
}
