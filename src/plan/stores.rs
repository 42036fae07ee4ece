//! Which stores a case ends in when the job leaves it open: by what each L3 has to hold.

use super::Seat;
use crate::generator::Stores;
use crate::workload::generate::{Memory, Parameters};

/// Through the caches when every L3 holds what the workers behind it keep in flight, around them when one does not:
/// workers wait for each other, so the slowest complex decides.
pub(super) fn automatic(parameters: &Parameters, workers: u32, seat: &Seat) -> Stores {
    // A buffer of the system's begins 16 bytes into a page: stores around the caches would be ordinary ones.
    if parameters.memory == Memory::Fresh {
        return Stores::Ordinary;
    }
    let in_flight = |worker: u32| -> u64 {
        parameters.held_blocks(worker as usize, workers as usize).map(|bytes| bytes as u64).sum()
    };
    let fits = |complex: &super::Complex| {
        let behind = complex.pus.iter().filter(|worker| **worker < workers);
        Stores::choose(behind.map(|worker| in_flight(*worker)).sum(), complex.l3_bytes)
    };
    if seat.complexes.is_empty() {
        return Stores::choose((0..workers).map(in_flight).sum(), seat.l3_bytes);
    }
    match seat.complexes.iter().all(|complex| fits(complex) == Stores::Ordinary) {
        true => Stores::Ordinary,
        false => Stores::NonTemporal,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Complex;
    use super::super::tests::lone_seat;
    use super::*;
    use crate::generator::Kernel;
    use crate::workload::generate::Handover;

    /// A node of three complexes of 8 PUs and 32 MiB of L3 each.
    fn seat() -> Seat {
        let complex = |index: u32| Complex { l3_bytes: 32 << 20, pus: (8 * index..8 * index + 8).collect() };
        Seat { l3_bytes: 96 << 20, complexes: (0..3).map(complex).collect(), ..lone_seat(24) }
    }

    fn parameters(chunk_bytes: usize, in_flight: u32) -> Parameters {
        Parameters::plain(chunk_bytes, 4 << 20, in_flight, Kernel::best(), Stores::Ordinary)
    }

    #[test]
    fn what_counts_is_the_l3_behind_the_workers_there_are() {
        let chunk = parameters(128 << 20, 1);
        // 24 workers have it in three caches, a third each; 8 have all of it behind one.
        assert_eq!(automatic(&chunk, 24, &seat()), Stores::Ordinary);
        assert_eq!(automatic(&chunk, 8, &seat()), Stores::NonTemporal);
        assert_eq!(automatic(&parameters(16 << 20, 1), 8, &seat()), Stores::Ordinary);
        assert_eq!(automatic(&parameters(64 << 20, 4), 24, &seat()), Stores::NonTemporal);
    }

    #[test]
    fn the_fullest_l3_decides() {
        // Another rank has most of the last one.
        let mut shared = seat();
        shared.complexes[2].l3_bytes = 8 << 20;
        assert_eq!(automatic(&parameters(64 << 20, 1), 24, &shared), Stores::NonTemporal);
        assert_eq!(automatic(&parameters(16 << 20, 1), 16, &shared), Stores::Ordinary, "nobody is behind it");
    }

    #[test]
    fn pieces_in_flight_are_few_however_large_the_chunk_is() {
        let chunk = parameters(1 << 30, 1);
        let pieces = Parameters { handover: Handover::Piece, block_bytes: 1 << 20, ..chunk };
        assert_eq!(automatic(&chunk, 24, &seat()), Stores::NonTemporal);
        assert_eq!(automatic(&pieces, 24, &seat()), Stores::Ordinary, "two of 1 MiB for each worker");
    }

    #[test]
    fn without_a_known_l3_stores_go_around_and_unaligned_memory_has_no_choice() {
        let unknown = Seat { l3_bytes: 0, complexes: Vec::new(), ..seat() };
        assert_eq!(automatic(&parameters(1 << 20, 1), 2, &unknown), Stores::NonTemporal);
        let fresh = Parameters { memory: Memory::Fresh, ..parameters(1 << 30, 2) };
        assert_eq!(automatic(&fresh, 24, &seat()), Stores::Ordinary);
    }
}
