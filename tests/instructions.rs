//! Instructions and cache misses of an allocation and a free, counted by valgrind: they repeat exactly, on any machine and
//! under any load, which times do not.
//!
//! An arm runs in a process of its own, under callgrind with a simulated first-level cache of 32 KiB, as this program
//! with the filter `child`; only the function that performs the operations is counted. From each figure that of
//! the arm without an allocator is subtracted. The peer's figures are constants, so that a test needs no build of the
//! peer; with the feature `peers` the constants are checked too:
//! `cargo test --release --features peers --test instructions -- --nocapture`.
#![cfg(feature = "cli")]

use std::process::Command;

use numamark::measure::Clock;
use numamark::slab::{Arena, Cache, Heap, HeapOptions, arena_bytes_needed};
use numamark::word::Word;
use numamark::workload::allocate::pattern::{Dimensions, Pattern, WorkerSetup};
use numamark::workload::allocate::peer::{Null, Peer};
use numamark::workload::allocate::{Workload, fifo, larson, mixed_lifetime};

/// Tells the child its arm and its workload.
const ARM: &str = "NUMAMARK_COUNTED_ARM";

/// Of each workload: what mimalloc 3.3.2 executes and misses per operation, one free and one allocation, beyond the arm
/// without an allocator. Built by libmimalloc-sys 0.1.49 and gcc 12, called from the same loop.
const OF_MIMALLOC: [(Workload, Counts); 4] = [
    (Workload::Larson, Counts { instructions: 52.2, misses: 2.66 }),
    (Workload::Fifo, Counts { instructions: 51.2, misses: 2.34 }),
    (Workload::Random, Counts { instructions: 59.7, misses: 2.59 }),
    (Workload::MixedLifetime, Counts { instructions: 56.9, misses: 1.21 }),
];

/// Operations before the counted ones: more than once through every table.
const WARMUP: u64 = 400_000;
const OPERATIONS: u64 = 100_000;

/// Figures of one operation.
#[derive(Clone, Copy, Debug)]
struct Counts {
    instructions: f64,
    /// Reads and writes that miss the first-level cache.
    misses: f64,
}

#[inline(never)]
fn counted_part<'heap, P: Pattern<A, Shared = ()>, A: Peer<'heap>>(pattern: &mut P, allocator: &mut A) {
    assert_eq!(pattern.run_for(allocator, &(), OPERATIONS), Ok(OPERATIONS));
}

fn perform<'heap, P: Pattern<A, Shared = ()>, A: Peer<'heap>>(dimensions: Dimensions, mut allocator: A) {
    let setup = WorkerSetup { worker: 0, workers: 1, seed: 7, dimensions, shared: &() };
    let mut pattern = P::new(&mut allocator, setup).expect("room");
    pattern.run_for(&mut allocator, &(), WARMUP).expect("room");
    counted_part(&mut pattern, &mut allocator);
    pattern.finish(&mut allocator, &()).expect("every object is taken back");
}

fn perform_on<'heap, A: Peer<'heap>>(workload: Workload, allocator: A) {
    let dimensions = workload.dimensions(None, None, None);
    match workload {
        Workload::Larson | Workload::Random => perform::<larson::Larson<A::Object>, A>(dimensions, allocator),
        Workload::Fifo => perform::<fifo::Fifo<A::Object>, A>(dimensions, allocator),
        Workload::MixedLifetime => {
            perform::<mixed_lifetime::MixedLifetime<A::Object>, A>(dimensions, allocator)
        }
        other => unreachable!("{}: is not counted", other.word()),
    }
}

/// Not a test of its own: the part of a child process.
#[test]
fn child() {
    let Ok(arm) = std::env::var(ARM) else { return };
    let (arm, workload) = arm.split_once(' ').expect("an arm and a workload");
    let workload = Workload::from_word(workload).expect("a workload");
    let dimensions = workload.dimensions(None, None, None);
    let demand = <larson::Larson<_> as Pattern<Null>>::demand(dimensions);
    match arm {
        "slab" => {
            let arena = Arena::plain(arena_bytes_needed(1, demand) as usize + (64 << 20)).expect("memory");
            let heap = Heap::new(arena, HeapOptions::new(1, Clock::start())).expect("valid options");
            perform_on::<Cache<'_>>(workload, heap.cache(0).expect("once"));
        }
        "null" => perform_on(workload, Null::serve(0, demand, None).expect("a buffer")),
        #[cfg(feature = "peers")]
        "mimalloc" => {
            use numamark::workload::allocate::peer::Mimalloc;
            perform_on(workload, Mimalloc::serve(0, demand, None).expect("it serves any thread"));
        }
        other => panic!("no arm {other}"),
    }
}

/// Runs a child under callgrind. `None` without valgrind.
fn count(arm: &str, workload: Workload) -> Option<Counts> {
    let out = std::env::temp_dir().join(format!("numamark-counts-{}-{arm}", std::process::id()));
    let program = std::env::current_exe().expect("this program has a path");
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--cache-sim=yes", "--D1=32768,8,64"]);
    valgrind.arg("--toggle-collect=instructions::counted_part*");
    valgrind.arg(format!("--callgrind-out-file={}", out.display())).arg(program);
    valgrind.args(["--exact", "child", "--test-threads=1"]);
    valgrind.env(ARM, format!("{arm} {}", workload.word()));
    let output = valgrind.output().ok()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = std::fs::read_to_string(&out).expect("callgrind writes it");
    std::fs::remove_file(&out).expect("just written");
    let line =
        |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).expect("in every such file");
    let names: Vec<&str> = line("events:").split_whitespace().collect();
    let totals: Vec<f64> =
        line("totals:").split_whitespace().map(|total| total.parse().expect("a number")).collect();
    let total = |name: &str| totals[names.iter().position(|known| *known == name).expect("simulated")];
    Some(Counts {
        instructions: total("Ir") / OPERATIONS as f64,
        misses: (total("D1mr") + total("D1mw")) / OPERATIONS as f64,
    })
}

#[test]
fn an_operation_costs_no_more_than_on_mimalloc() {
    if cfg!(not(target_arch = "x86_64")) {
        return println!("skipped: the peer's figures are those of x86-64");
    }
    for (workload, mimalloc) in OF_MIMALLOC {
        let Some(null) = count("null", workload) else {
            println!("skipped: valgrind is not installed (Debian, Ubuntu: apt-get install valgrind)");
            return;
        };
        let beyond = |arm: &str| {
            let counts = count(arm, workload).expect("valgrind was there");
            let instructions = counts.instructions - null.instructions;
            Counts { instructions, misses: counts.misses - null.misses }
        };
        let (slab, name) = (beyond("slab"), workload.word());
        println!("{name}: slab {slab:.3?}, mimalloc {mimalloc:.3?}");
        assert!(slab.instructions <= mimalloc.instructions, "{name}: {slab:?} against {mimalloc:?}");
        // Where the system puts the memory changes the third digit.
        assert!(slab.misses <= 1.005 * mimalloc.misses, "{name}: {slab:?} against {mimalloc:?}");
        #[cfg(feature = "peers")]
        {
            let found = beyond("mimalloc");
            println!("{name}: mimalloc found {found:.3?}");
            // Another compiler changes its instructions a little.
            assert!((found.instructions - mimalloc.instructions).abs() < 3.0, "{name}: {found:?}");
            assert!((found.misses - mimalloc.misses).abs() < 0.05, "{name}: {found:?}");
        }
    }
}
