//! Memory that a rank takes, and the check that its node has it: a process that exceeds a strict binding is killed, and
//! sees no error before.

use super::{Case, Seat, Work};
use crate::error::{Error, Result};
use crate::slab::SUPERSLAB_BYTES;
use crate::units::human_bytes;

/// Left untouched on every node: the kernel, the page cache of the results, the launcher.
const KEPT_FREE_SHARE: f64 = 0.05;

/// Superslabs of the arena beyond the need of the hungriest case: its heap begins at one of eight places. Smaller
/// cases have more room.
pub(super) const SLACK: u64 = 7;

/// The arena that the hungriest case needs, and room to lie in it elsewhere; 0 when no case uses the slab allocator.
pub(super) fn arena_bytes(cases: &[Case]) -> u64 {
    match cases.iter().map(Case::arena_bytes).max() {
        None | Some(0) => 0,
        Some(needed) => needed + SLACK * SUPERSLAB_BYTES as u64,
    }
}

/// Bytes that the system must have for the buffers of the hungriest case that asks it for them.
pub(super) fn fresh_bytes(cases: &[Case]) -> u64 {
    cases.iter().map(Case::fresh_bytes).max().unwrap_or(0)
}

/// Bytes of a source of memory that one rank can use; a part stays free.
pub(super) fn usable(offered: u64, sharing: u32) -> u64 {
    (offered as f64 * (1.0 - KEPT_FREE_SHARE)) as u64 / u64::from(sharing.max(1))
}

/// Refuses what cannot fit, with every number that the decision rests on.
pub(super) fn check(cases: &[Case], seat: &Seat) -> Result<()> {
    let offers = [
        (seat.free_bytes, seat.ranks_on_node, format!("free on {}", seat.node)),
        (seat.cgroup_bytes, seat.ranks_on_host, "left in this process's cgroup".to_owned()),
    ];
    // The arena is there while a case has buffers of its own.
    let needed = arena_bytes(cases).saturating_add(fresh_bytes(cases));
    let hungry = |case: &&Case| case.arena_bytes().saturating_add(case.fresh_bytes());
    let Some(hungriest) = cases.iter().max_by_key(hungry) else { return Ok(()) };
    for (offered, sharing, where_) in offers {
        let Some(offered) = offered else { continue };
        if needed > usable(offered, sharing) {
            let shared = match sharing {
                0 | 1 => String::new(),
                ranks => format!(", shared by {ranks} ranks"),
            };
            return Err(Error::Environment(format!(
                "not enough memory: {} needs {} per rank, but {} are {where_}{shared}; \
                 use {}",
                hungriest.id,
                human_bytes(needed),
                human_bytes(offered),
                match hungriest.work {
                    Work::Generate(_) => "smaller chunks, fewer in flight or fewer workers",
                    Work::Allocate(_) => "fewer or smaller objects or fewer workers",
                },
            )));
        }
    }
    Ok(())
}
