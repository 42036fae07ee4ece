//! Runs as ranks would leave them, made up from a seed: every rank, every repetition, every histogram.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use numamark::aggregate::aggregate;
use numamark::aggregate::{Evidence, Totals};
use numamark::environment::{Facts, collect};
use numamark::job::Job;
use numamark::measure::Histogram;
use numamark::measure::noise::MachineCounts;
use numamark::mix::{Random, mix_words};
use numamark::record::run::SCHEMA;
use numamark::record::{
    Begin, CaseHeader, End, EndedBy, Expected, Header, HistogramRecord, LimitKernel, LimitTiming,
    LocalityRecord, Measure, Measuring, Noise, Parameter, Repetition, Row, Run, When, With, WorkerNoise,
};
use numamark::results::{RunDirectory, resolve_gates};

pub const ROUNDS: u32 = 3;
/// The strata of refills, as the parts name them.
pub const STRATA: [&str; 2] = ["refill_ns.slow", "refill_ns.fast"];
pub const STAGES: [&str; 5] = ["find", "map", "initialise", "carve", "drain"];

const JOB: &str = r#"
schema = 1
name = "made-up"
run.bytes = "64GiB"
run.repetitions = 3
[generate]
[[gate]]
metric = "locality"
at_least = 0.99
[[gate]]
metric = "refill_share"
at_most = 1e-9
level = "warn"
"#;

/// A folder of its own for one test, removed when the test ends.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(test: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("numamark-{test}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a temporary folder");
        Folder(path)
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub fn header(ranks: u32) -> Header {
    let number = Parameter::Number;
    let facts = Facts {
        clock_source: "time stamp counter".to_owned(),
        clock_step_ns: 10.0,
        clock_read_ns: 20.5,
        mpi_library: Err("built without MPI".to_owned()),
    };
    let case = |id: &str, workload: &str, measure, parameters: &[(&str, Parameter)]| CaseHeader {
        id: id.to_owned(),
        workload: workload.to_owned(),
        parameters: parameters.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        measure,
        arm: None,
        compared_as: None,
        expected: (measure == Measure::Bytes).then_some(Expected {
            blocks_per_chunk: 16,
            busy_workers: 2,
            working_set_bytes: 3 << 26,
            stores: Some("ordinary".to_owned()),
            l3_bytes: Some(1 << 25),
            memory_bytes_min: 3 << 26,
            memory_bytes_max: 1 << 28,
        }),
    };
    let job = Job::parse(JOB, "made-up.toml", &[]).expect("a job");
    Header {
        schema: SCHEMA,
        name: "made-up".to_owned(),
        job: job.effective().to_owned(),
        job_hash: job.hash(),
        command: ["numamark", "run", "made-up.toml"].map(str::to_owned).to_vec(),
        started: "2026-11-22T05:26:13Z".to_owned(),
        ranks,
        hosts: vec!["host0".to_owned(), "host1".to_owned()],
        repetitions: ROUNDS,
        stop: None,
        drop: None,
        aa: false,
        interval_ns: 1_000_000_000,
        environment: collect(&facts),
        environment_differences: Vec::new(),
        allocators: Vec::new(),
        planned: vec![
            case(
                "generate-1",
                "generate",
                Measure::Bytes,
                &[
                    ("chunk_bytes", number(64 << 20)),
                    ("block_bytes", number(4 << 20)),
                    ("kernel", Parameter::Word("avx2".to_owned())),
                    ("workers", Parameter::Word("all".to_owned())),
                ],
            ),
            case("larson-1", "larson", Measure::Operations, &[("batch", number(64)), ("workers", number(2))]),
        ],
        gates: resolve_gates(&job.gates, &[], None).expect("no stored runs"),
    }
}

pub fn begin(rank: u32, ranks: u32) -> Begin {
    Begin {
        rank,
        size: ranks,
        host: format!("host{}", rank % 2),
        node_index: Some(rank / 2),
        node_os_index: Some(rank / 2 + 1),
        pus: vec![2 * rank, 2 * rank + 1],
        placement: "chosen".to_owned(),
        job_hash: header(ranks).job_hash,
        locality: locality(4096, 0),
        clock_step_ns: 10.0 + f64::from(rank),
        clock_read_ns: 20.0 + f64::from(rank),
        record_ns: 5.0 + f64::from(rank),
        package: Some(0),
        class: "made up".to_owned(),
        unavailable: [("thermal_throttles".to_owned(), "a made-up machine is never hot".to_owned())].into(),
    }
}

pub fn end(rank: u32) -> End {
    End {
        locality: locality(4090, u64::from(rank)),
        violations: 0,
        resident_peak_bytes: Some((1 << 30) + u64::from(rank)),
        rounds: ROUNDS,
        ended_by: EndedBy::Repetitions,
        limits: BTreeMap::new(),
    }
}

pub fn locality(local_pages: u64, remote_pages: u64) -> LocalityRecord {
    LocalityRecord { local_pages, remote_pages, absent_pages: 3, unverified: None }
}

/// `count` events of which every `gap`-th is timed; stages sum to the total.
fn refills(random: &mut Random, name: &str, count: u64, gap: u64, ns: u32) -> Vec<(String, HistogramRecord)> {
    let mut total = Histogram::new();
    let mut stages = [const { None }; 5].map(|_: Option<()>| Histogram::new());
    for _ in 0..count / gap {
        let times = [(); 5].map(|()| u64::from(random.below(ns)));
        total.record(times.iter().sum());
        stages.iter_mut().zip(times).for_each(|(stage, time)| stage.record(time));
    }
    let stages = STAGES.iter().zip(&stages).map(|(stage, histogram)| {
        (format!("refill_stage_ns.{stage}.{name}"), HistogramRecord::new(count, histogram))
    });
    std::iter::once((format!("refill_ns.{name}"), HistogramRecord::new(count, &total)))
        .chain(stages)
        .collect()
}

/// Latencies of an open loop: 98 % below 1 us, the others below 50 us. They have a seed of their own, as limits have.
fn latencies(seed: &[u64]) -> HistogramRecord {
    let mut random = Random::new(mix_words(seed));
    let mut latencies = Histogram::new();
    for operation in 0..20_000 {
        latencies.record(if operation % 50 == 0 { 40_000 } else { 100 } + u64::from(random.below(900)));
    }
    HistogramRecord::new(latencies.count(), &latencies)
}

/// All four loops, before and after, with all ranks. Its seed is its own, so that other figures, which tests know, do
/// not depend on it.
fn limits(seed: u64, index: u64, rank: u32) -> Vec<LimitTiming> {
    let mut random = Random::new(mix_words(&[seed, index, u64::from(rank)]));
    const KERNELS: [LimitKernel; 4] =
        [LimitKernel::Memset, LimitKernel::Ordinary, LimitKernel::NonTemporal, LimitKernel::Triad];
    let both = [When::Before, When::After].into_iter();
    let timings = both.flat_map(|when| KERNELS.into_iter().map(move |kernel| (when, kernel)));
    let timing = |(when, kernel)| {
        let bytes = 1_000_000_000 + u64::from(random.below(1 << 24));
        LimitTiming { when, with: With::All, kernel, bytes, elapsed_ns: 20_000_000 }
    };
    timings.map(timing).collect()
}

pub fn repetition(case: &str, round: u32, rank: u32, seed: u64) -> Repetition {
    // Random figures, times and places count rounds from 0.
    let index = u64::from(round - 1);
    let mut random = Random::new(mix_words(&[seed, case.len() as u64, index, u64::from(rank)]));
    let mut histograms = BTreeMap::new();
    let generates = case.starts_with("generate");
    let chunks = 300 + u64::from(random.below(100));
    if generates {
        let mut times = Histogram::new();
        (0..chunks).for_each(|_| times.record(6_000_000 + u64::from(random.below(1_000_000))));
        histograms.insert("chunk_ns".to_owned(), HistogramRecord::new(chunks, &times));
    }
    if case.contains("arrivals") {
        histograms.insert("latency_ns".to_owned(), latencies(&[seed, index, u64::from(rank)]));
    }
    histograms.extend(refills(&mut random, "slow", 40, 1, 20_000));
    histograms.extend(refills(&mut random, "fast", 64 * 300, 64, 500));
    let elapsed_ns = 2_000_000_000 + u64::from(random.below(1_000_000));
    let operations = if generates { 0 } else { 100_000_000 + u64::from(random.below(1_000_000)) };
    let bytes = if generates { chunks << 26 } else { 0 };
    let in_first = (bytes + operations) / 2;
    Repetition {
        case: case.to_owned(),
        round,
        began_unix_ms: 1_767_225_600_000 + index * 3000,
        elapsed_ns,
        bytes,
        operations,
        busy_workers: 2,
        memory_peak_bytes: Some((192 << 20) + (u64::from(rank) << 21)),
        background_cpu_ns: None,
        intervals: vec![in_first, bytes + operations - in_first],
        worker_ns: 2 * elapsed_ns,
        cpu_ns: 2 * elapsed_ns - 1_000_000,
        heap_offset_bytes: index << 21,
        noise: noise(&mut random, rank, elapsed_ns),
        measuring: Measuring { clock_reads: 9 * chunks, records: 20 * chunks, cost_ns: 300 * chunks },
        limits: if generates { limits(seed, index, rank) } else { Vec::new() },
        histograms,
        digest: generates.then(|| format!("{:032x}", u128::MAX - u128::from(rank))),
        check: None,
    }
}

/// Noise of two disturbed workers. The machines of odd ranks do not count stolen time.
fn noise(random: &mut Random, rank: u32, elapsed_ns: u64) -> Noise {
    let mut below = |bound| u64::from(random.below(bound));
    let mut worker = |_| WorkerNoise {
        cpu_ns: elapsed_ns - 500_000,
        wall_ns: elapsed_ns + below(1000),
        involuntary_switches: below(10),
        voluntary_switches: below(10),
        minor_faults: below(100),
        major_faults: below(3),
        migrations: Some(below(2)),
        run_delay_ns: Some(below(2_000_000)),
        probe_before_ns: 30_000.0,
        probe_after_ns: 29_000.0 + below(2_000) as f64,
    };
    let workers: Vec<WorkerNoise> = (0..2).map(&mut worker).collect();
    let machine = |times: u64| MachineCounts {
        steal_ns: rank.is_multiple_of(2).then_some(times * 10_000_000),
        throttled_ns: Some(times * 1000),
        thermal_throttles: None,
        pressure_cpu_ns: Some(times * 3000),
        pressure_memory_ns: Some(times * 2000),
    };
    Noise::new(workers, [&machine(1), &machine(2 + below(3))])
}

/// A whole run on disk, except for `run.json`. Returns the evidence that rank 0 gathered.
pub fn run(path: &Path, ranks: u32, seed: u64) -> (RunDirectory, Header, Evidence) {
    run_of(path, header(ranks), |case, round, rank| repetition(case, round, rank, seed))
}

/// As [`run`], with these repetitions by case, round and rank, and with this header.
pub fn run_of(
    path: &Path,
    header: Header,
    repetition: impl Fn(&str, u32, u32) -> Repetition,
) -> (RunDirectory, Header, Evidence) {
    let (directory, token) = RunDirectory::create(path).expect("a new directory");
    let ranks = header.ranks;
    let end = |rank| End { rounds: header.repetitions, ..end(rank) };
    directory.write_header(&header).expect("a new file");
    let mut parts = Vec::new();
    for rank in 0..ranks {
        let joined = RunDirectory::join(path, &token).expect("the same directory");
        parts.push(joined.part(&begin(rank, ranks)).expect("a new part"));
    }
    let mut hosts: BTreeMap<String, Totals> = BTreeMap::new();
    let mut evidence =
        Evidence::new((0..ranks).rev().map(|rank| begin(rank, ranks)).collect()).expect("all ranks");
    for round in 1..=header.repetitions {
        for case in &header.planned {
            let (mut rows, mut sum): (Vec<Row>, Vec<u64>) = Default::default();
            for rank in 0..ranks {
                let repetition = repetition(&case.id, round, rank);
                parts[rank as usize].repetition(&repetition).expect("room");
                hosts.entry(begin(rank, ranks).host).or_default().add(&repetition).expect("small counts");
                let dense = repetition.dense();
                sum.resize(dense.len(), 0);
                sum.iter_mut().zip(dense).for_each(|(sum, counter)| *sum += counter);
                let bytes = numamark::record::encode(&repetition.row(rank));
                rows.push(numamark::record::decode(&bytes).expect("the same bytes"));
            }
            evidence.add(rows, &sum).expect("all ranks tell the same story");
        }
    }
    for (rank, part) in (0..ranks).zip(parts) {
        part.end(&end(rank)).expect("room");
        evidence.finish([(rank, end(rank))]);
    }
    hosts.into_iter().for_each(|(host, totals)| evidence.add_host(&host, totals));
    (directory, header, evidence)
}

/// A whole run on disk, including `run.json`.
pub fn finished(path: &Path, ranks: u32, seed: u64) -> (RunDirectory, Run, Evidence) {
    let (directory, header, evidence) = run(path, ranks, seed);
    let run = aggregate(&header, &evidence, Some(1.0)).expect("whole evidence");
    directory.write_results(&run, &evidence).expect("room");
    (directory, run, evidence)
}
