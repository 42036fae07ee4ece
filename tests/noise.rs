//! What noise and measuring cost say of real repetitions.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use numamark::generator::{Kernel, Stores, Stream};
use numamark::measure::{Clock, Counters, Instruments, Prices};
use numamark::numa::{self, Topology};
use numamark::slab::{Arena, Heap, HeapOptions};
use numamark::workload::intervals::Division;
use numamark::workload::{Amount, Extent, Measured, collect, generate};

/// The tests share the cores: one at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn alone() -> impl Drop {
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A repetition of one worker, pinned to `pu`.
fn repetition(topology: &Topology, pu: u32, timed_ns: u64) -> Measured {
    let (clock, counters) = (Clock::start(), Counters::survey(Some(&[pu])));
    let instruments = Instruments { clock, prices: Prices::measure(&clock), counters: &counters };
    let parameters = generate::Parameters {
        chunk_bytes: 1 << 20,
        block_bytes: 1 << 18,
        in_flight: 2,
        kernel: Kernel::best(),
        stores: Stores::Ordinary,
    };
    let arena = Arena::plain(usize::try_from(parameters.arena_bytes(1)).expect("small")).expect("memory");
    let heap = Heap::new(arena, HeapOptions::new(1, clock)).expect("valid options");
    let division = Division { interval_ns: 100_000_000, count_max: 100 };
    let amount = Amount::Duration(timed_ns);
    let extent = Extent { warmup_ns: 5_000_000, amount, division, stop: &|| false };
    let session = generate::Session::new(parameters, 1, extent, Stream::new(7, 0), &heap, instruments);
    let record = std::thread::scope(|scope| {
        let worker = || {
            numa::bind_thread(topology, pu).expect("an allowed PU");
            session.work(0)
        };
        scope.spawn(worker).join().expect("no panic")
    });
    session.measured(&collect(vec![record]).expect("enough memory"))
}

#[test]
fn a_burner_on_the_same_pu_shows_as_switches_delay_and_lost_cpu_time() {
    let _alone = alone();
    let topology = Topology::of_this_machine().expect("a machine");
    let Some(pu) = numa::affinity().ok().and_then(|pus| pus.iter().next()) else {
        return println!("skipped: no affinity mask can be read here");
    };
    if let Err(why) =
        std::thread::scope(|scope| scope.spawn(|| numa::bind_thread(&topology, pu)).join().expect("no panic"))
    {
        return println!("skipped: {why}");
    }
    let over = AtomicBool::new(false);
    let measured = std::thread::scope(|scope| {
        scope.spawn(|| {
            numa::bind_thread(&topology, pu).expect("tried before");
            // Relaxed: the flag publishes nothing.
            while !over.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
        });
        let measured = repetition(&topology, pu, 400_000_000);
        over.store(true, Ordering::Relaxed);
        measured
    });
    let noise = &measured.noise;
    println!("{noise:#?}");
    // Two threads of one weight share a CPU half and half, by turns of a few milliseconds; others of the machine only
    // take from both.
    let share = noise.cpu_share_min.expect("time passed");
    assert!(share < 0.75, "the worker had its CPU for {share} of the time");
    assert!(noise.involuntary_switches >= 4, "{}", noise.involuntary_switches);
    let [worker] = noise.workers.as_slice() else { panic!("one worker") };
    match noise.run_delay_ns {
        Some(delay) => assert!(delay as f64 > 0.2 * worker.wall_ns as f64, "waited {delay} ns"),
        None => println!("skipped: the kernel counts no run delay here"),
    }
    assert_eq!(noise.migrations.unwrap_or(0), 0, "a pinned worker does not move");
}

#[test]
fn a_worker_cannot_have_run_and_waited_for_longer_than_the_time_that_passed() {
    let _alone = alone();
    let topology = Topology::of_this_machine().expect("a machine");
    let Some(pu) = numa::affinity().ok().and_then(|pus| pus.iter().last()) else {
        return println!("skipped: no affinity mask can be read here");
    };
    let measured = repetition(&topology, pu, 50_000_000);
    let noise = &measured.noise;
    let [worker] = noise.workers.as_slice() else { panic!("one worker") };
    // The files are read a few microseconds before and after the clock; the kernel accounts by its own clock.
    let slack = 2_000_000 + worker.wall_ns / 50;
    let busy = worker.cpu_ns + worker.run_delay_ns.unwrap_or(0);
    assert!(busy <= worker.wall_ns + slack, "{worker:?}");
    assert!(worker.wall_ns >= measured.elapsed_ns, "the readings stand around the timed region");
    assert!(worker.probe_before_ns > 1_000.0 && worker.probe_after_ns > 1_000.0, "{worker:?}");
    assert_eq!(noise.core_clock_change, worker.core_clock_change());
    assert_eq!((noise.minor_faults, noise.check()), (worker.minor_faults, Ok(())));
    // What measuring cost is a share of the time it was measured in.
    assert!(measured.measuring.cost_ns < measured.worker_ns, "{:?}", measured.measuring);
    println!("{:?} of {} ns", measured.measuring, measured.worker_ns);
}
