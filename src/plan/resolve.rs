//! Values of the job that depend on the rank, or on its CPU.

use super::Seat;
use crate::error::{Error, Result};
use crate::generator::{Kernel, KernelName};
use crate::job::Workers;
use crate::units::Bytes;
use crate::units::counted;

/// The workers of this rank.
pub(super) fn resolve_workers(asked: Workers, seat: &Seat) -> Result<u32> {
    match asked {
        Workers::All => Ok(seat.pus),
        Workers::Count(count) if count <= seat.pus => Ok(count),
        Workers::Count(count) => Err(Error::Environment(format!(
            "rank.workers = {count}, but {} offers this rank {}; accepted: 1 to {}, or \"all\"",
            seat.node,
            counted(seat.pus.into(), "PU"),
            seat.pus
        ))),
    }
}

/// The kernel that the job names, or the widest one that this CPU runs.
pub(super) fn resolve_kernel(name: Option<KernelName>) -> Result<Kernel> {
    name.map_or_else(|| Ok(Kernel::best()), Kernel::named)
}

pub(super) fn size(bytes: Bytes) -> usize {
    usize::try_from(bytes.0).expect("the job's largest size is far below the address space")
}
