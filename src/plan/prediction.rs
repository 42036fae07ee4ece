//! What a run will take and leave behind, from what its miniature took: arithmetic, no clock and no file.
//!
//! A repetition is what stands around its timed region, the warm-up and the region itself; both end with the chunk that
//! is in the making when their time is over. Counters of histograms grow with the data behind them: how, is read off one
//! round of the miniature and all of them together.

use super::miniature::{Miniature, ROUNDS, chunk_bytes};
use super::{Case, Plan};
use crate::workload::Amount;

/// What a miniature took on one host, all its ranks together.
#[derive(Clone, Debug)]
pub struct Probed {
    /// From the start to the first repetition, without `set_up_ns`.
    pub begin_ns: f64,
    /// Starting the workers and populating the arenas.
    pub set_up_ns: f64,
    /// From the last repetition to the end.
    pub finish_ns: f64,
    /// By case of the miniature.
    pub cases: Vec<ProbedCase>,
    /// Bytes of the parts that are no repetition: who the ranks are, how they ended.
    pub parts_frame_bytes: u64,
    /// The other files of the run directory.
    pub files: Vec<ProbedFile>,
    /// Memory behind the process beside its arenas; `None` when the kernel does not say.
    pub resident_bytes: Option<u64>,
}

/// One case of a miniature, each figure the mean over its rounds.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProbedCase {
    /// A repetition without its timed region: warm-up, barriers, writing it down.
    pub around_ns: f64,
    /// The timed region of the slowest rank.
    pub timed_ns: f64,
    /// Of that, one chunk; 0 for workloads without.
    pub chunk_ns: f64,
    /// Bytes that the slowest rank generated.
    pub bytes: f64,
    /// Longer than others the first round was: the pass that hashes a data set.
    pub digest_ns: f64,
    /// Bytes of all ranks' records of one repetition, without counters and intervals.
    pub record_bytes: f64,
    /// Bytes of the counters in them for the data of one round, and for that of all.
    pub counter_bytes: [f64; 2],
    /// Ranks that recorded them.
    pub ranks: f64,
}

/// One file beside the parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbedFile {
    /// In the run directory.
    pub name: String,
    /// Its size after one round.
    pub one_round_bytes: u64,
    /// Its size after all rounds of the miniature.
    pub bytes: u64,
}

/// What the real run will take.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// From the start to the first repetition.
    pub begin_ns: f64,
    /// One repetition of each case, in the order of the plan, with everything around it.
    pub repetition_ns: Vec<f64>,
    /// From the last repetition to the end.
    pub finish_ns: f64,
    /// All of it.
    pub wall_ns: f64,
    /// Name and size of what the run directory will hold; `parts/` is one of them.
    pub files: Vec<(String, u64)>,
    /// Memory behind each process beside its arenas.
    pub resident_bytes: Option<u64>,
}

impl Prediction {
    /// For `hosts` hosts that are all as this one.
    pub fn new(plan: &Plan, miniature: &Miniature, probed: &Probed, hosts: u32) -> Prediction {
        let here = &miniature.plan;
        let rounds = f64::from(plan.repetitions);
        let arena = ratio(plan.arena_bytes as f64, here.arena_bytes as f64);
        let begin_ns = probed.begin_ns + probed.set_up_ns * arena.max(1.0);
        let each: Vec<Repetition> = std::iter::zip(&plan.cases, &miniature.stands_for)
            .map(|(case, index)| Repetition::of(plan, case, here, &here.cases[*index], &probed.cases[*index]))
            .collect();
        let repetitions: f64 = each.iter().map(|one| one.ns * rounds + one.digest_ns).sum();
        let files = files(plan, miniature, probed, &each, f64::from(hosts));
        let written: u64 = files.iter().filter(|(name, _)| name != PARTS).map(|(_, bytes)| bytes).sum();
        let written_here: u64 = probed.files.iter().map(|file| file.bytes).sum();
        let finish_ns = probed.finish_ns * ratio(written as f64, written_here as f64).max(1.0);
        Prediction {
            begin_ns,
            finish_ns,
            wall_ns: begin_ns + repetitions + finish_ns,
            repetition_ns: each.iter().map(|one| one.ns).collect(),
            files,
            resident_bytes: probed.resident_bytes,
        }
    }

    /// Bytes of the whole run directory.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|(_, bytes)| bytes).sum()
    }
}

/// One repetition of one case of the real run, on all ranks of one host.
struct Repetition {
    ns: f64,
    digest_ns: f64,
    /// Bytes of the ranks' records.
    bytes: f64,
    /// How many times the data of the miniature's repetition it has.
    data: f64,
}

impl Repetition {
    fn of(plan: &Plan, case: &Case, here: &Plan, case_here: &Case, probed: &ProbedCase) -> Repetition {
        let chunk_bytes = [case, case_here].map(|case| chunk_bytes(case) as f64);
        let chunk_ns = probed.chunk_ns * ratio(chunk_bytes[0], chunk_bytes[1]).max(1.0);
        let around_ns = probed.around_ns - region_ns(here.warmup_ns as f64, probed.chunk_ns);
        let (timed_ns, work) = match plan.amount {
            Amount::Duration(ns) => {
                let timed_ns = region_ns(ns as f64, chunk_ns);
                (timed_ns, ratio(timed_ns, probed.timed_ns))
            }
            Amount::Dataset { bytes, ranks, .. } => {
                let work = ratio(bytes as f64 / f64::from(ranks), probed.bytes);
                (probed.timed_ns * work, work)
            }
        };
        let ns = (around_ns + region_ns(plan.warmup_ns as f64, chunk_ns) + timed_ns).max(0.0);
        // A chunk that was made smaller is one value here and one there: it is values that counters count.
        let data = work / ratio(chunk_ns, probed.chunk_ns).max(1.0);
        let intervals = interval_bytes(plan, probed.bytes * work, timed_ns, chunk_bytes[0]) * probed.ranks;
        let counters = probed.counter_bytes[0] * growth(probed.counter_bytes, data);
        Repetition {
            ns,
            digest_ns: probed.digest_ns * work,
            bytes: probed.record_bytes + counters + intervals,
            data,
        }
    }
}

/// A region ends with the chunk in the making: on average half a chunk after its time, and never before the first.
fn region_ns(asked_ns: f64, chunk_ns: f64) -> f64 {
    if asked_ns == 0.0 { 0.0 } else { (asked_ns + chunk_ns / 2.0).max(chunk_ns) }
}

/// Digits and commas of a record's intervals: most hold a chunk at least, where there are more intervals than chunks the
/// others hold 0.
fn interval_bytes(plan: &Plan, done: f64, timed_ns: f64, chunk_bytes: f64) -> f64 {
    let count =
        (timed_ns / plan.division.interval_ns as f64).ceil().clamp(1.0, plan.division.count_max as f64);
    let chunks = if chunk_bytes > 0.0 { (done / chunk_bytes).max(1.0) } else { count };
    let filled = count.min(chunks);
    let digits = (done / filled).max(1.0).log10().floor() + 1.0;
    filled * (digits + 1.0) + (count - filled) * 2.0
}

/// How much of its exponent the growth of counters keeps from one doubling of the data to the next.
const KEPT: f64 = 0.97;

/// How many times as many counters `data` times the data fill.
///
/// Rare durations are new counters: their number grows as a power of the data, and the power slowly falls.
fn growth([one_round, all_rounds]: [f64; 2], data: f64) -> f64 {
    let exponent = ratio(all_rounds, one_round).max(1.0).log2() / f64::from(ROUNDS).log2();
    let doublings = data.max(f64::MIN_POSITIVE).log2();
    let steps = if doublings > 0.0 { (1.0 - KEPT.powf(doublings)) / (1.0 - KEPT) } else { doublings };
    (exponent * steps).exp2()
}

const PARTS: &str = "parts/";
const LOG: &str = "histograms.hlog";

fn files(
    plan: &Plan,
    miniature: &Miniature,
    probed: &Probed,
    each: &[Repetition],
    hosts: f64,
) -> Vec<(String, u64)> {
    let rounds = f64::from(plan.repetitions);
    let records: f64 = each.iter().map(|one| one.bytes * rounds).sum();
    let mut files = vec![(PARTS.to_owned(), whole(hosts * (records + probed.parts_frame_bytes as f64)))];
    // A case that was not tried writes as much as the one that stands for it.
    let cases = ratio(plan.cases.len() as f64, miniature.plan.cases.len() as f64);
    for file in &probed.files {
        let (one, all) = (file.one_round_bytes as f64, file.bytes as f64);
        let bytes = match file.name.as_str() {
            LOG => log_bytes(one, all, probed, each, rounds, hosts),
            name => {
                let a_round = (all - one).max(0.0) / f64::from(ROUNDS - 1);
                let frame = (one - a_round).max(0.0);
                // Of a Parquet file nearly every row is a rank's; of run.json what does not grow with the rounds is.
                let rows = if name.ends_with(".parquet") { a_round * hosts } else { a_round };
                frame * hosts + rows * rounds
            }
        };
        files.push((file.name.clone(), whole(bytes * cases)));
    }
    files
}

/// A line for every round, of all ranks, and one for every host, of all rounds: both as long as their counters are many.
fn log_bytes(one: f64, all: f64, probed: &Probed, each: &[Repetition], rounds: f64, hosts: f64) -> f64 {
    let counters: [f64; 2] =
        std::array::from_fn(|index| probed.cases.iter().map(|c| c.counter_bytes[index]).sum());
    let growth = |data: f64| growth(counters, data);
    let of_all_rounds = growth(f64::from(ROUNDS));
    // one = round + host; all = ROUNDS x round + of_all_rounds x host.
    let a_round = ((all - one * of_all_rounds) / (f64::from(ROUNDS) - of_all_rounds)).clamp(0.0, one);
    let data = each.iter().map(|one| one.data).sum::<f64>() / each.len().max(1) as f64;
    a_round * rounds * growth(data) + (one - a_round) * hosts * growth(data * rounds)
}

/// 1 when there is nothing to divide by.
fn ratio(numerator: f64, denominator: f64) -> f64 {
    if denominator > 0.0 { numerator / denominator } else { 1.0 }
}

fn whole(bytes: f64) -> u64 {
    // Saturates: no disk is that large.
    bytes.round() as u64
}

#[cfg(test)]
mod tests {
    use super::super::Seat;
    use super::*;
    use crate::job::{Job, Setting};

    const SECOND: f64 = 1e9;

    fn plan(settings: &[&str]) -> Plan {
        let settings: Vec<Setting> = settings.iter().map(|text| Setting::new(*text)).collect();
        let job = Job::parse("schema = 1\nname = \"t\"\n[generate]\n", "t.toml", &settings).expect("a job");
        let seat = Seat {
            rank: 0,
            ranks: 1,
            pus: 4,
            l3_bytes: 32 << 20,
            node: "node 0".to_owned(),
            free_bytes: None,
            ranks_on_node: 1,
            cgroup_bytes: None,
            ranks_on_host: 1,
        };
        Plan::new(&job, &seat).expect("a plan")
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
            around_ns: 5e6 + warmup_ns,
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
        assert!(
            (prediction.repetition_ns[0] / SECOND / (2.0 * chunk_s) - 1.0).abs() < 0.05,
            "{prediction:?}"
        );
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
}
