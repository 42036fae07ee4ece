//! Predictions from a machine that is made up: every figure can be worked out by hand.

use super::prediction::{PARTS, Prediction, growth, interval_bytes, region_ns};
use super::probed::{LOG, Probed, ProbedCase, ProbedFile, ProbedLog};
use super::{Miniature, Plan, Seat};
use crate::job::{Job, Setting};
use crate::workload::Amount;

const SECOND: f64 = 1e9;

fn plan(settings: &[&str]) -> Plan {
    let settings: Vec<Setting> = settings.iter().map(|text| Setting::new(*text)).collect();
    let job = Job::parse("schema = 1\nname = \"t\"\n[generate]\n", "t.toml", &settings).expect("a job");
    let seat = Seat {
        rank: 0,
        ranks: 1,
        pus: 4,
        l3_bytes: 32 << 20,
        complexes: Vec::new(),
        node: "node 0".to_owned(),
        free_bytes: None,
        ranks_on_node: 1,
        cgroup_bytes: None,
        ranks_on_host: 1,
    };
    // Limits have a test of their own.
    Plan { limit_ns: 0, ..Plan::new(&job, &seat).expect("a plan") }
}

/// A machine on which every chunk takes 10 ms, and 5 ms stand around a repetition.
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
        around_ns: 5e6 + warmup_ns + 2.0 * here.limit_ns as f64,
        timed_ns,
        chunk_ns: 1e7,
        bytes: timed_ns / 1e7 * (64 << 20) as f64,
        digest_ns,
        record_bytes: 1000.0,
        counter_bytes: [100.0, 200.0],
        ranks: 1.0,
    };
    Probed {
        begin_ns: 0.2 * SECOND,
        set_up_ns: 0.1 * SECOND,
        finish_ns: 0.05 * SECOND,
        cases: vec![case; here.cases.len()],
        parts_frame_bytes: 500,
        log: ProbedLog { frame_bytes: 300.0, round_bytes: 1000.0, host_bytes: 2000.0, name_bytes: 50.0 },
        files: vec![ProbedFile { name: "run.json".to_owned(), one_round_bytes: 1300, bytes: 2200 }],
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
fn files_grow_with_rounds_and_hosts() {
    let bytes = |repetitions: u32, hosts: u32, name: &str| {
        let settings = format!("run.repetitions={repetitions}");
        let files = predict(&[&settings], hosts).files;
        files.into_iter().find(|file| file.0 == name).expect("a file").1
    };
    // 1300 bytes for a round, 300 for each more: a frame of 1000.
    assert_eq!([1, 4, 100].map(|rounds| bytes(rounds, 1, "run.json")), [1300, 2200, 31_000]);
    assert_eq!(bytes(4, 8, "run.json"), 8 * 1000 + 4 * 300);
    // Hosts share the lines of the rounds, and each has its own of all of them.
    let log = |rounds, hosts| bytes(rounds, hosts, LOG);
    assert!(log(1, 2) > log(1, 1) && log(2, 1) - log(1, 1) < log(1, 1) - 300);
    let parts = |rounds, hosts| bytes(rounds, hosts, PARTS);
    assert!(parts(100, 4).abs_diff(4 * parts(100, 1)) <= 2, "rounded once");
    let a_round = parts(2, 1) - parts(1, 1);
    assert!((parts(11, 1) - parts(1, 1)).abs_diff(10 * a_round) <= 10, "rounded eleven times");
}

#[test]
fn counters_grow_with_a_power_of_the_data_that_falls() {
    // Four rounds fill twice as many as one: the square root.
    assert_eq!(growth([100.0, 200.0], 1.0), 1.0);
    assert!((growth([100.0, 200.0], 4.0) - 2.0).abs() < 0.03);
    assert!((9.0..10.0).contains(&growth([100.0, 200.0], 128.0)), "{}", growth([100.0, 200.0], 128.0));
    assert!(growth([100.0, 200.0], 0.25) < 0.6);
    assert_eq!([growth([0.0, 0.0], 50.0), growth([100.0, 100.0], 50.0)], [1.0, 1.0]);
}

#[test]
fn intervals_without_a_chunk_are_a_zero_and_a_comma() {
    let plan = plan(&["run.duration=1s", "run.interval=10ms"]);
    let chunk = f64::from(64 << 20);
    // 10 chunks in 100 intervals: 8 digits and a comma each.
    assert_eq!(interval_bytes(&plan, 10.0 * chunk, SECOND, chunk), 10.0 * 9.0 + 90.0 * 2.0);
    assert_eq!(interval_bytes(&plan, 1e6, SECOND, 0.0), 100.0 * 6.0);
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
    let predict = |limit_ns: u64| {
        let plan = Plan { limit_ns, ..plan(&["run.warmup=0s", "run.duration=2s", "run.repetitions=10"]) };
        let miniature = plan.miniature(3);
        let mut probed = probed(&miniature);
        probed.cases.iter_mut().for_each(|case| case.ranks = 3.0);
        Prediction::new(&plan, &miniature, &probed, 1)
    };
    let (without, with) = (predict(0), predict(100_000_000));
    assert!((with.repetition_ns[0] - without.repetition_ns[0] - 0.2 * SECOND).abs() < 1.0);
    // Before and after, three ranks one after the other.
    assert_eq!([without.limits_alone_ns, with.limits_alone_ns], [0.0, 6e8]);
    assert!((with.wall_ns - without.wall_ns - 2.6 * SECOND).abs() < 10.0);
}
