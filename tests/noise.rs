//! Noise and cost of measuring in real repetitions.
#![cfg(feature = "cli")]

mod program;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use numamark::generator::{Kernel, Stores};
use numamark::measure::{Clock, Instruments, NoiseCounters, Prices};
use numamark::numa;
use numamark::numa::Topology;
use numamark::slab::{Arena, Heap, HeapOptions};
use numamark::workload::intervals::Division;
use numamark::workload::{Amount, Extent, Measured, collect, generate};
use serde_json::Value;

use program::{Folder, LIMIT, Start, finish};

/// The tests share the cores: one at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn alone() -> impl Drop {
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A repetition of one worker, pinned to `pu`.
fn repetition(topology: &Topology, pu: u32, timed_ns: u64) -> Measured {
    let (clock, counters) = (Clock::start(), NoiseCounters::survey(Some(&[pu])));
    let instruments = Instruments { clock, prices: Prices::measure(&clock), counters: &counters };
    let parameters = generate::Parameters::plain(1 << 20, 1 << 18, 2, Kernel::best(), Stores::Ordinary);
    let arena = Arena::plain(usize::try_from(parameters.arena_bytes(1)).expect("small")).expect("memory");
    let heap = Heap::new(arena, HeapOptions::new(1, clock)).expect("valid options");
    let division = Division { interval_ns: 100_000_000, count_max: 100 };
    let amount = Amount::Duration(timed_ns);
    let extent = Extent { warmup_ns: 5_000_000, amount, division, stop: &|| false };
    let streams = generate::Streams { seed: 7, first: 0, shape: parameters.shape };
    let session = generate::Session::new(parameters, 1, extent, streams, &heap, instruments);
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
    // Two threads of equal weight share a CPU equally, in turns of a few milliseconds; other threads take time from
    // both.
    let share = noise.cpu_share_min.expect("time passed");
    assert!(share < 0.75, "the worker had its CPU for {share} of the time");
    assert!(noise.involuntary_switches > 0, "{noise:?}");
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
    // The files are read a few microseconds before and after the clock; the kernel accounts by its own clock. A
    // preemption between two readings counts as a delay without wall time, which is rare on a busy machine, too.
    let possible = |measured: &Measured| {
        let [worker] = measured.noise.workers.as_slice() else { panic!("one worker") };
        let slack = 2_000_000 + worker.wall_ns / 50;
        worker.cpu_ns + worker.run_delay_ns.unwrap_or(0) <= worker.wall_ns + slack
    };
    let mut attempts: Vec<Measured> = Vec::new();
    while attempts.last().is_none_or(|last| !possible(last)) {
        assert!(attempts.len() < 20, "{:?}", attempts.last().expect("tried").noise.workers);
        attempts.push(repetition(&topology, pu, 50_000_000));
    }
    let measured = attempts.pop().expect("the last one is possible");
    let noise = &measured.noise;
    let [worker] = noise.workers.as_slice() else { panic!("one worker") };
    assert!(worker.wall_ns >= measured.elapsed_ns, "the readings stand around the timed region");
    assert!(worker.probe_before_ns > 1_000.0 && worker.probe_after_ns > 1_000.0, "{worker:?}");
    assert_eq!(noise.core_clock_change, worker.core_clock_change());
    assert_eq!((noise.minor_faults, noise.check()), (worker.minor_faults, Ok(())));
    // The cost of measuring is a part of the worker time.
    assert!(measured.measuring.cost_ns < measured.worker_ns, "{:?}", measured.measuring);
    println!("{:?} of {} ns", measured.measuring, measured.worker_ns);
}

#[test]
fn a_run_writes_down_each_worker_s_noise_and_what_measuring_cost() {
    let _alone = alone();
    let folder = Folder::new("noise");
    let job = folder.job(
        "schema = 1\nname = \"noise\"\nrun.duration = \"50ms\"\nrun.warmup = \"5ms\"\nrun.repetitions = 2\n\
         rank.share_nodes = true\n[generate]\nchunk = \"1MiB\"\n[allocate]\nworkload = [\"larson\"]\n",
    );
    let out = folder.path().join("run");
    let arguments =
        ["run", job.to_str().expect("text"), "--out", out.to_str().expect("text")].map(str::to_owned);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    finish(Start::Alone.command(1, &arguments), LIMIT).expect_code(0);
    let text = std::fs::read_to_string(out.join("parts/rank-00000.jsonl")).expect("a part");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let (begin, workers) = (&lines[0], lines[0]["pus"].as_array().expect("a list").len() as u64);
    let number = |value: &Value| value.as_f64().unwrap_or_else(|| panic!("{value} is no number"));
    let count = |value: &Value| value.as_u64().unwrap_or_else(|| panic!("{value} is no count"));
    assert!(number(&begin["record_ns"]) > 0.0, "{begin}");
    let repetitions: Vec<&Value> = lines.iter().filter(|line| line["kind"] == "repetition").collect();
    assert_eq!(repetitions.len(), 4);
    for repetition in &repetitions {
        let noise = &repetition["noise"];
        for name in ["migrations", "run_delay_ns", "steal_ns", "throttled_ns", "thermal_throttles"] {
            let reason = begin["unavailable"].get(name);
            assert!(noise[name].is_null() == reason.is_some(), "{name}: {}, {reason:?}", noise[name]);
        }
        let of_workers = noise["workers"].as_array().expect("a list");
        assert_eq!(of_workers.len() as u64, workers);
        let cpu_ns: u64 = of_workers.iter().map(|worker| count(&worker["cpu_ns"])).sum();
        assert_eq!(cpu_ns, count(&repetition["cpu_ns"]));
        let measuring = &repetition["measuring"];
        let prices = ["clock_read_ns", "record_ns"].map(|name| number(&begin[name]));
        let events = ["clock_reads", "records"].map(|name| number(&measuring[name]));
        let cost = (prices[0] * events[0] + prices[1] * events[1]).ceil();
        assert_eq!(cost, number(&measuring["cost_ns"]), "every event at its price");
        if let Some(chunks) = repetition["histograms"].get("chunk_ns") {
            assert!(count(&measuring["clock_reads"]) > workers * count(&chunks["count"]));
        }
    }
    let result: Value =
        serde_json::from_slice(&std::fs::read(out.join("run.json")).expect("a result")).expect("JSON");
    for case in result["cases"].as_array().expect("a list") {
        let share = &case["metrics"]["measuring_share"];
        assert!((0.0..1.0).contains(&number(&share["value"])), "{share}");
    }
    let out = out.to_str().expect("a temporary folder");
    let report = finish(Start::Alone.command(1, &["report", "-v", out]), LIMIT).expect_code(0);
    assert!(report.stdout.contains("measuring: up to "), "{}", report.stdout);
}
