//! Predictions for an invented machine: every figure can be worked out by hand.

use super::prediction::{Prediction, Probed, ProbedCase, region_ns};
use super::tests::{lone_seat, planned};
use super::{Miniature, Plan};
use crate::workload::Amount;

const SECOND: f64 = 1e9;

fn plan(settings: &[&str]) -> Plan {
    let plan = planned("[generate]\n", settings, &lone_seat(4)).expect("a plan");
    // Limits have a test of their own.
    Plan { limit_measuring_ns: 0, ..plan }
}

/// A machine on which every chunk takes 10 ms, and a repetition 5 ms beside its chunks.
fn probed(miniature: &Miniature) -> Probed {
    let here = &miniature.plan;
    let warmup_ns = region_ns(here.warmup_ns as f64, 1e7);
    let (timed_ns, digest_ns) = match here.amount {
        Amount::Duration(ns) => (region_ns(ns as f64, 1e7), 0.0),
        Amount::Dataset { bytes, .. } => {
            let timed_ns = bytes as f64 / (64 << 20) as f64 * 1e7;
            (timed_ns, 2.0 * timed_ns)
        }
    };
    let case = ProbedCase {
        around_ns: 5e6 + warmup_ns + 2.0 * here.limit_measuring_ns as f64,
        timed_ns,
        chunk_ns: 1e7,
        bytes: timed_ns / 1e7 * (64 << 20) as f64,
        digest_ns,
    };
    Probed {
        begin_ns: 0.2 * SECOND,
        set_up_ns: 0.1 * SECOND,
        finish_ns: 0.05 * SECOND,
        cases: vec![case; here.cases.len()],
        ranks: 1,
        parts_bytes: 40_000,
        rest_bytes: 8000,
        resident_bytes: Some(20 << 20),
    }
}

fn predict(settings: &[&str], hosts: u32) -> Prediction {
    let plan = plan(settings);
    let miniature = plan.miniature(1);
    Prediction::new(&plan, &miniature, &probed(&miniature), hosts)
}

#[test]
fn a_repetition_is_warm_up_timed_region_half_a_chunk_each_and_what_stands_around() {
    let prediction = predict(&["run.warmup=500ms", "run.duration=2s", "run.repetitions=10"], 1);
    let expected = 0.505 + 2.005 + 0.005;
    assert!((prediction.repetition_ns[0] / SECOND - expected).abs() < 1e-9, "{prediction:?}");
    let wall = 0.3 + 10.0 * expected + prediction.finish_ns / SECOND;
    assert!((prediction.wall_ns / SECOND - wall).abs() < 1e-9, "{prediction:?}");
}

#[test]
fn without_a_warm_up_none_is_counted() {
    let prediction = predict(&["run.warmup=0s", "run.duration=2s"], 1);
    assert!((prediction.repetition_ns[0] / SECOND - 2.01).abs() < 1e-9, "{prediction:?}");
}

#[test]
fn a_chunk_longer_than_its_region_is_waited_for() {
    // 4 GiB are tried as 170 MiB of 10 ms: a chunk takes a quarter of a second.
    let prediction = predict(&["generate.chunk=4GiB", "run.warmup=1ms", "run.duration=1ms"], 1);
    let chunk_s = 0.01 * 4096.0 / (512.0 / 3.0);
    assert!((prediction.repetition_ns[0] / SECOND / (2.0 * chunk_s) - 1.0).abs() < 0.05, "{prediction:?}");
}

#[test]
fn a_data_set_takes_its_share_of_a_rank_and_its_digest_once() {
    let prediction = predict(&["run.bytes=64GiB", "run.warmup=0s", "run.repetitions=3"], 1);
    // 1024 chunks of 10 ms.
    assert!((prediction.repetition_ns[0] / SECOND - 10.245).abs() < 1e-6, "{prediction:?}");
    let wall = 0.3 + 3.0 * 10.245 + 20.48 + prediction.finish_ns / SECOND;
    assert!((prediction.wall_ns / SECOND - wall).abs() < 1e-6, "{prediction:?}");
}

#[test]
fn files_grow_with_rounds_and_hosts_and_parts_with_the_data_of_a_repetition() {
    // A region as long as the miniature's: four of its rounds take what the miniature took.
    let files = |settings: &[&str], hosts: u32| {
        let prediction = predict(&[&["run.warmup=0s", "run.duration=20ms"], settings].concat(), hosts);
        (prediction.parts_bytes, prediction.rest_bytes)
    };
    assert_eq!(files(&["run.repetitions=4"], 1), (40_000, 8000));
    assert_eq!(files(&["run.repetitions=100"], 3), (3_000_000, 333_333));
    // The miniature's region is 450 ms and half a chunk: eight times as long, its parts are twice as large.
    let (parts, rest) = files(&["run.repetitions=4", "run.duration=3635ms"], 1);
    assert!(parts.abs_diff(80_000) < 10 && rest == 8000, "{parts} and {rest}");
}

#[test]
fn data_is_the_rate_of_the_miniature_over_the_time_or_what_the_job_asks_for() {
    // 64 MiB in 10 ms each; the region ends half a chunk after its two seconds.
    let of_hosts = |hosts| predict(&["run.duration=2s", "run.repetitions=10"], hosts).generated_bytes;
    let expected = 10.0 * 200.5 * (64 << 20) as f64;
    assert!((of_hosts(1) / expected - 1.0).abs() < 1e-9, "{} against {expected}", of_hosts(1));
    assert!((of_hosts(3) / of_hosts(1) - 3.0).abs() < 1e-9);
    // All ranks together make one data set, however many hosts they are on.
    let data_set = predict(&["run.bytes=1GiB", "run.repetitions=3"], 3);
    assert_eq!(data_set.generated_bytes, (3u64 << 30) as f64);
}

#[test]
fn limits_stand_around_every_repetition_and_are_measured_one_rank_at_a_time_besides() {
    let predict = |limit_measuring_ns: u64| {
        let plan =
            Plan { limit_measuring_ns, ..plan(&["run.warmup=0s", "run.duration=2s", "run.repetitions=10"]) };
        let miniature = plan.miniature(3);
        let probed = Probed { ranks: 3, ..probed(&miniature) };
        Prediction::new(&plan, &miniature, &probed, 1)
    };
    let (without, with) = (predict(0), predict(100_000_000));
    assert!((with.repetition_ns[0] - without.repetition_ns[0] - 0.2 * SECOND).abs() < 1.0);
    // Before and after, three ranks one after the other.
    assert_eq!([without.limits_alone_ns, with.limits_alone_ns], [0.0, 6e8]);
    assert!((with.wall_ns - without.wall_ns - 2.6 * SECOND).abs() < 10.0);
}
