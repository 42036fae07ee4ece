//! Laws of every allocator workload on every allocator.

use numamark::measure::{Clock, Instruments, NoiseCounters, Prices};
use numamark::slab::{Arena, Background, Hardening, Heap, HeapOptions, Populator, with_background};
use numamark::word::Word;
use numamark::workload::allocate::{Allocator, Knob, Parameters, Session, Sizes, Span, Workload};
use numamark::workload::{Amount, Extent, Measured, collect};

use crate::alone;
use crate::fixture::extent;

const TIMED_NS: u64 = 20_000_000;

/// Runs a repetition of 20 ms after 1 ms of warm-up.
fn run(parameters: Parameters, workers: u32, stop: &(dyn Fn() -> bool + Sync)) -> Measured {
    run_beside(Background::Off, parameters, workers, stop)
}

/// As `run`, beside what `background` asks for.
fn run_beside(
    background: Background,
    parameters: Parameters,
    workers: u32,
    stop: &(dyn Fn() -> bool + Sync),
) -> Measured {
    let (clock, counters) = (Clock::start(), NoiseCounters::survey(None));
    let Extent { warmup_ns, division, stop, .. } = extent(1_000_000, Amount::Duration(0), stop);
    let span = Span { warmup_ns, timed_ns: TIMED_NS, division, stop };
    let instruments = Instruments { clock, prices: Prices::measure(&clock), counters: &counters };
    let session = Session::new(parameters, workers, span, 3, instruments);
    let bytes = usize::try_from(parameters.arena_bytes(workers)).expect("small");
    let ours = parameters.allocator == Allocator::Slab;
    assert_eq!(bytes > 0, ours, "only the slab allocator needs an arena");
    let heap = ours.then(|| {
        let arena = Arena::plain(bytes).expect("memory");
        let options = HeapOptions { hardening: parameters.hardening, ..HeapOptions::new(workers, clock) };
        Heap::new(arena, options).expect("valid options")
    });
    let work = || {
        let results = session.run(heap.as_ref(), |part| {
            std::thread::scope(|scope| {
                let threads: Vec<_> = (0..workers).map(|worker| scope.spawn(move || part(worker))).collect();
                threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
            })
        });
        collect(results)
    };
    let (records, report) = match &heap {
        Some(heap) => with_background(background, heap, work).expect("no failure"),
        None => (work().expect("no failure"), None),
    };
    assert_eq!(report.is_some(), background == Background::Populate);
    let measured = session.measured(&records);
    assert_eq!(heap.map_or(0, |heap| heap.violations()), 0);
    assert_eq!(measured.intervals.iter().sum::<u64>(), measured.operations);
    assert_eq!(measured.noise.workers.len(), workers as usize);
    assert_eq!(measured.memory_peak_bytes.is_some(), ours);
    measured
}

/// As `run`, for a repetition with operations: on a busy machine a worker may get no time before its region is over.
fn run_something(parameters: Parameters, workers: u32) -> Measured {
    let mut tries = (0..20).map(|_| run(parameters, workers, &|| false));
    tries.find(|measured| measured.operations > 0).expect("operations in one of 20 repetitions")
}

/// The parameters of a workload that sets as many objects and these sizes.
fn parameters(
    workload: Workload,
    allocator: Allocator,
    objects: Option<u32>,
    sizes: Option<Sizes>,
) -> Parameters {
    Parameters {
        workload,
        allocator,
        dimensions: workload.dimensions(objects, objects, sizes),
        arrivals: None,
        hardening: Hardening::Cheap,
    }
}

/// Runs `law` on each workload and each allocator.
fn each(law: impl Fn(Workload, Allocator)) {
    let _alone = alone();
    for workload in Workload::ALL {
        for allocator in Allocator::ALL.iter().filter(|allocator| allocator.is_built_in()) {
            println!("{} on {}", workload.word(), allocator.word());
            law(*workload, *allocator);
        }
    }
}

#[test]
fn every_workload_runs_for_its_time_on_every_allocator() {
    each(|workload, allocator| {
        let measured = run_something(parameters(workload, allocator, None, None), 2);
        // The time in which grow starts anew is not counted.
        assert!(measured.elapsed_ns >= TIMED_NS || workload == Workload::Grow);
        assert!(measured.elapsed_ns > 0);
        assert!((1..=2).contains(&measured.busy_workers));
        // A clock reading and an interval before each 4,096 operations, and a few more at the ends for each worker.
        let events = measured.refills.clone().unwrap_or_default().events();
        let (reads, records) = (
            measured.measuring.clock_reads - events.clock_reads,
            measured.measuring.records - events.records,
        );
        if [Workload::CrossThread, Workload::LarsonChurn].contains(&workload) {
            // More strides than operations, of workers that had to wait; more readings, of threads that ended.
            assert!(records >= measured.operations / 4096 && reads == records + 2 * 3);
        } else if workload == Workload::Grow {
            // Two readings more each time it starts anew, and a stride that ends there is short.
            assert!(records >= measured.operations / 4096 && (reads - records - 2 * 3) % 2 == 0);
        } else {
            assert_eq!(records, measured.operations / 4096 + 2);
            assert_eq!(reads, records + 2 * 3);
        }
        let recorded = allocator == Allocator::Slab && workload != Workload::LarsonChurn;
        assert_eq!(measured.refills.is_some(), recorded);
        assert!(measured.latency_ns.is_none(), "a closed loop has no latencies");
    });
}

#[test]
fn an_open_loop_records_a_latency_for_every_operation() {
    each(|workload, allocator| {
        if !workload.uses(Knob::Arrivals) {
            return;
        }
        let rate = 20_000;
        let parameters =
            Parameters { arrivals: Some(rate), ..parameters(workload, allocator, Some(100), None) };
        let measured = run_something(parameters, 2);
        let latencies = measured.latency_ns.expect("an open loop");
        assert_eq!(latencies.count(), measured.operations);
        assert!(latencies.max().is_some());
        // No more than were due, and the first of each worker.
        let due = u128::from(rate) * 2 * u128::from(measured.elapsed_ns) / 1_000_000_000 + 2;
        assert!(u128::from(measured.operations) <= due, "{} of {due}", measured.operations);
        let events = measured.refills.clone().unwrap_or_default().events();
        assert_eq!(measured.measuring.records, 2 * measured.operations + events.records);
    });
}

#[test]
fn every_workload_runs_with_parameters_at_their_extremes() {
    let sizes = [Sizes { min: 1, max: 1 }, Sizes { min: 1, max: 4096 }, Sizes { min: 1 << 20, max: 1 << 20 }];
    each(|workload, allocator| {
        for sizes in sizes {
            for workers in [1, 3] {
                println!("{sizes} with {workers} workers");
                run_something(parameters(workload, allocator, Some(1), Some(sizes)), workers);
            }
        }
    });
}

/// No workload misuses its objects, whatever is checked: [`run`] asserts that nothing was refused.
#[test]
fn every_workload_runs_on_the_slab_allocator_with_every_level_of_hardening() {
    let _alone = alone();
    for workload in Workload::ALL {
        for hardening in Hardening::ALL {
            println!("{} with hardening {}", workload.word(), hardening.word());
            let plain = parameters(*workload, Allocator::Slab, Some(100), None);
            run_something(Parameters { hardening: *hardening, ..plain }, 2);
        }
    }
}

/// Each object keeps what was written to it while its superslab is populated: [`run_beside`] asserts that nothing failed.
#[test]
fn every_workload_runs_on_the_slab_allocator_beside_a_populator() {
    let _alone = alone();
    if !Populator::is_supported() {
        println!("skipped: this kernel cannot populate memory that is in use");
        return;
    }
    for workload in Workload::ALL {
        println!("{}", workload.word());
        let parameters = parameters(*workload, Allocator::Slab, Some(100), None);
        run_beside(Background::Populate, parameters, 2, &|| false);
    }
}

#[test]
fn a_wide_range_of_sizes_has_fewer_objects_unless_the_job_says_how_many() {
    let dimensions = |objects, sizes| Workload::VariableSize.dimensions(objects, None, sizes);
    let large = Sizes { min: 8, max: 1 << 20 };
    assert_eq!(dimensions(None, None).objects, 1024);
    assert_eq!(dimensions(None, Some(large)).objects, 64);
    assert_eq!(dimensions(Some(1024), Some(large)).objects, 1024);
    for workload in Workload::ALL {
        let counted = [Knob::Slots, Knob::Live].into_iter().filter(|knob| workload.uses(*knob)).count();
        assert!(counted <= 1, "{} has one number of objects", workload.word());
        assert!(workload.uses(Knob::Sizes));
    }
}

#[test]
fn a_request_to_stop_ends_every_workload() {
    each(|workload, allocator| {
        let stopped = run(parameters(workload, allocator, Some(100), None), 2, &|| true);
        assert_eq!(stopped.operations, 0);
    });
}
