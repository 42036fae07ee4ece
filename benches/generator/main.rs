//! Throughput of filling chunks, against the crate `dgen-data` and against loops that store and compute nothing.
//!
//! `cargo bench --bench generator --features peers [-- --quick]`. All arms of a case run in turn, in shuffled order, over the
//! same pages in the same process: a claim compares two arms within rounds, never on two days. Outputs are verified
//! first. Without `--bench` (as `cargo test` starts it) the benchmark only verifies.

mod arms;
mod cases;
mod far;
mod machine;
mod table;
mod verify;

use std::mem::MaybeUninit;

use numamark::generator::{Kernel, Stores};
use numamark::mix::Random;
use numamark::numa::Reservation;
use numamark::units::Bytes;
use numamark::workload::limit::StoreLoop;

use arms::{Sample, together};
use cases::{Case, cases};

/// Length of the measurement: enough rounds for a 95 % confidence interval under any noise. A round is long against a
/// scheduling slice, and short enough that its arms meet the same neighbours on the machine.
struct Effort {
    rounds: usize,
    bytes_a_round: usize,
}

const WHOLE: Effort = Effort { rounds: 25, bytes_a_round: 1 << 30 };
const QUICK: Effort = Effort { rounds: 7, bytes_a_round: 256 << 20 };

fn main() {
    let asked = |flag: &str| std::env::args().any(|argument| argument == flag);
    let effort = if asked("--quick") { QUICK } else { WHOLE };
    let most_workers = machine::available_cpus().len().min(2);
    // SAFETY: no other thread has been started yet. The peer reads the variable when its pool is built.
    unsafe { std::env::set_var("DGEN_THREADS", most_workers.to_string()) };
    let cases = cases(most_workers);
    let largest = cases.iter().map(|case| case.chunk_bytes).max().expect("there are cases");
    let reservation = Reservation::new(largest).expect("256 MiB of address space");
    // SAFETY: the reservation is this long, nothing else uses it, and it lives as long as this function.
    let memory = unsafe { std::slice::from_raw_parts_mut(reservation.base().as_ptr().cast(), largest) };
    // Each worker touches the part that it will fill, so that pages lie on the nodes where a run would have them.
    together(memory, most_workers, 1, |_, _, part| StoreLoop::Memset.run(part, 0));
    let l3_bytes = machine::l3_bytes();
    if asked("--bench") {
        let Effort { rounds, bytes_a_round } = effort;
        println!(
            "kernel {}, L3 {}, {rounds} rounds of {} an arm",
            Kernel::best().name(),
            Bytes(l3_bytes),
            Bytes(bytes_a_round as u64)
        );
    }
    let mut findings = Vec::new();
    for case in &cases {
        let chunk = &mut memory[..case.chunk_bytes];
        // One chunk is filled again and again, so only its bytes are in flight.
        let stores = Stores::choose(case.chunk_bytes as u64, l3_bytes);
        verify::verify(case, chunk, stores);
        if asked("--bench") {
            let rounds = rounds(case, chunk, stores, &effort);
            table::print_arms(case, stores, &rounds);
            findings.extend(table::findings(case, &rounds));
        }
    }
    if asked("--bench") {
        let shaped = cases.iter().max_by_key(|case| case.arms.len()).expect("there are cases");
        findings.extend(shaped.arms.iter().filter_map(|arm| far::far(arm, effort.rounds)));
        table::print_findings(&findings);
    }
    println!("all outputs verified");
}

/// Measures every arm once a round; `[round][arm]`.
fn rounds(case: &Case, chunk: &mut [MaybeUninit<u8>], stores: Stores, effort: &Effort) -> Vec<Vec<Sample>> {
    let mut random = Random::new(chunk.len() as u64);
    // Of too few chunks the median could be one that waited for a CPU.
    let passes = (effort.bytes_a_round / chunk.len()).max(3);
    let mut one_round = |_| {
        let mut order: Vec<usize> = (0..case.arms.len()).collect();
        random.shuffle(&mut order);
        let mut samples = vec![Sample::default(); case.arms.len()];
        for arm in order {
            samples[arm] = case.arms[arm].run(chunk, case.workers, stores, passes);
        }
        samples
    };
    (0..effort.rounds).map(&mut one_round).collect()
}
