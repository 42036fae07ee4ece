//! A plan in miniature: short enough to be run before the real one, large enough to say what that will take.

use super::{Case, Plan, Turn, Work, memory};
use crate::units::{count, counted, human_bytes};
use crate::workload::Amount;
use crate::workload::intervals::Division;

/// A plan of the same cases, each a few times for a moment.
#[derive(Clone, Debug)]
pub struct Miniature {
    /// The plan to run.
    pub plan: Plan,
    /// For each case of the real plan, the index of the case here that stands for it.
    pub stands_for: Vec<usize>,
}

/// Rounds of a miniature.
pub(super) const ROUNDS: u32 = 4;
/// Time limit of all repetitions together; exceeded only by chunks that take longer than their share.
const BUDGET_NS: u64 = 2_400_000_000;
/// Shortest timed region that still gives usable times.
const TIMED_NS_MIN: u64 = 10_000_000;
/// Most cases that are all tried; of more only a selection is.
const CASES_MAX: usize = 48;
/// Chunks are made smaller until those in flight fit: more than every cache holds, and populated in a moment.
const WORKING_SET_BYTES_MAX: usize = 512 << 20;
/// Chunks are multiples of this.
const GRAIN: usize = 4096;
/// Smallest share of a data set for each rank.
const SHARE_BYTES_MIN: u64 = 64 << 20;

impl Plan {
    /// The miniature of this plan for `ranks` ranks of one host.
    pub fn miniature(&self, ranks: u32) -> Miniature {
        let (chosen, stands_for) = choose(&self.cases);
        let cases: Vec<Case> = chosen.into_iter().map(|index| shrunk(&self.cases[index])).collect();
        let count = u32::try_from(cases.len()).expect("cases are counted in 32 bits");
        let share_ns = BUDGET_NS / u64::from(count * ROUNDS);
        let amount = match self.amount {
            Amount::Duration(ns) => Amount::Duration(ns.min((share_ns * 3 / 4).max(TIMED_NS_MIN))),
            Amount::Dataset { bytes, rank, digest, .. } => {
                Amount::Dataset { bytes: bytes.min(dataset_bytes(&cases, ranks)), rank, ranks, digest }
            }
        };
        // The same number of intervals as in the real plan: it decides the size of a record.
        let interval_ns = match (self.amount, amount) {
            (Amount::Duration(real), Amount::Duration(here)) => scaled(self.division.interval_ns, here, real),
            _ => self.division.interval_ns,
        };
        let turns = (1..=ROUNDS).flat_map(|round| (0..cases.len()).map(move |case| Turn { round, case }));
        let plan = Plan {
            turns: turns.collect(),
            repetitions: ROUNDS,
            // The miniature always runs all its rounds.
            stop: None,
            warmup_ns: self.warmup_ns.min(share_ns / 4),
            amount,
            division: Division { interval_ns, ..self.division },
            arena_bytes: memory::arena_bytes(&cases),
            limit_measuring_ns: self.limit_measuring_ns.min(share_ns / 16),
            cases,
            ..self.clone()
        };
        Miniature { plan, stands_for }
    }
}

impl Miniature {
    /// The differences between the miniature and the real plan, one sentence each.
    pub fn differences(&self, plan: &Plan) -> Vec<String> {
        let mut differences = Vec::new();
        let (tried, all) = (self.plan.cases.len(), plan.cases.len());
        if tried < all {
            differences
                .push(format!("{tried} of {all} cases were tried: the others are assumed to be like them"));
        }
        let smaller = std::iter::zip(&plan.cases, &self.stands_for)
            .filter(|(case, index)| chunk_bytes(case) > chunk_bytes(&self.plan.cases[**index]))
            .count();
        if smaller > 0 {
            let cases = counted(count(smaller), "case");
            let most = human_bytes(WORKING_SET_BYTES_MAX as u64);
            differences.push(format!("{cases} probed with smaller chunks, {most} in flight"));
        }
        differences
    }
}

/// Chooses all cases, or a selection that is spread evenly and has the first case of each workload. Returns their indices,
/// and for every case the position in the selection of the case that stands for it.
fn choose(cases: &[Case]) -> (Vec<usize>, Vec<usize>) {
    let stride = cases.len().div_ceil(CASES_MAX);
    let mut chosen: Vec<usize> = Vec::new();
    let mut stands_for = Vec::with_capacity(cases.len());
    for (index, case) in cases.iter().enumerate() {
        let begins = chosen.last().is_none_or(|last| cases[*last].workload() != case.workload());
        if begins || index % stride == 0 {
            chosen.push(index);
        }
        stands_for.push(chosen.len() - 1);
    }
    (chosen, stands_for)
}

fn shrunk(case: &Case) -> Case {
    let Work::Generate(mut parameters) = case.work else { return case.clone() };
    let chunks = parameters.in_flight as usize + 1;
    // A chunk keeps at least one page for each of its streams.
    let streams = parameters.streams as usize;
    let largest = (WORKING_SET_BYTES_MAX / chunks / GRAIN).max(streams) * GRAIN;
    parameters.chunk_bytes = parameters.chunk_bytes.min(largest);
    Case { work: Work::Generate(parameters), ..case.clone() }
}

/// Bytes of a data set that gives each rank at least two chunks of the largest size.
fn dataset_bytes(cases: &[Case], ranks: u32) -> u64 {
    let largest = cases.iter().map(chunk_bytes).max().unwrap_or(0).max(1);
    SHARE_BYTES_MIN.max(2 * largest).next_multiple_of(largest) * u64::from(ranks)
}

/// 0 for workloads without chunks.
pub(super) fn chunk_bytes(case: &Case) -> u64 {
    match case.work {
        Work::Generate(parameters) => parameters.chunk_bytes as u64,
        Work::Allocate(_) => 0,
    }
}

/// `value x part / whole`, at least 1.
fn scaled(value: u64, part: u64, whole: u64) -> u64 {
    let scaled = u128::from(value) * u128::from(part) / u128::from(whole.max(1));
    u64::try_from(scaled).unwrap_or(u64::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::super::Seat;
    use super::super::tests::{lone_seat, planned};
    use super::*;

    fn plan(settings: &[&str]) -> Plan {
        let seat = Seat { rank: 3, ranks: 64, ranks_on_host: 4, ..lone_seat(256) };
        planned("[generate]\n", settings, &seat).expect("a plan")
    }

    #[test]
    fn a_miniature_is_short_and_small_whatever_the_job_asks_for() {
        for settings in [
            &["run.duration=24h", "run.warmup=1h", "run.repetitions=10000", "allocate.workload=larson"][..],
            &["generate.chunk=64GiB", "generate.in_flight=64"],
            &["rank.workers=1..256+1", "generate.kernel=[auto, scalar]"],
            &["run.bytes=1024TiB", "generate.chunk=[4KiB, 1GiB]"],
        ] {
            let Miniature { plan: here, stands_for } = plan(settings).miniature(4);
            assert_eq!(stands_for.len(), plan(settings).cases.len());
            assert!(here.cases.len() <= CASES_MAX + 1, "{} cases", here.cases.len());
            assert_eq!(here.turns.len(), here.cases.len() * ROUNDS as usize);
            let workers = here.cases.iter().map(|case| u64::from(case.workers)).max().expect("a case");
            // Each worker has slabs of its own beside the chunks.
            assert!(here.arena_bytes <= (1 << 30) + workers * (64 << 20), "{}", here.arena_bytes);
            let repetitions = here.turns.len() as u64;
            match here.amount {
                Amount::Duration(ns) => {
                    assert!(
                        (here.warmup_ns + ns) * repetitions <= BUDGET_NS.max(repetitions * 2 * TIMED_NS_MIN)
                    )
                }
                Amount::Dataset { bytes, rank, ranks, .. } => {
                    assert_eq!((rank, ranks), (3, 4), "the ranks of this host alone");
                    assert!(bytes <= 4 << 30, "{bytes}");
                }
            }
        }
    }

    #[test]
    fn what_is_short_and_small_already_is_left_as_it_is() {
        let plan = plan(&["run.duration=20ms", "run.warmup=5ms", "generate.chunk=[1MiB, 16MiB]"]);
        let miniature = plan.miniature(4);
        assert_eq!((miniature.plan.amount, miniature.plan.warmup_ns), (plan.amount, plan.warmup_ns));
        assert_eq!((&miniature.plan.cases, miniature.plan.division), (&plan.cases, plan.division));
        assert_eq!(miniature.stands_for, [0, 1]);
        assert_eq!(miniature.differences(&plan), Vec::<String>::new());
    }

    #[test]
    fn each_case_is_stood_for_by_one_of_its_workload_and_the_plan_says_so() {
        let plan =
            plan(&["rank.workers=1..100+1", "allocate.workload=larson", "generate.chunk=[1MiB, 1GiB]"]);
        let miniature = plan.miniature(4);
        for (case, index) in plan.cases.iter().zip(&miniature.stands_for) {
            assert_eq!(miniature.plan.cases[*index].workload(), case.workload());
        }
        let differences = miniature.differences(&plan).join("\n");
        assert!(differences.contains("of 300 cases were tried"), "{differences}");
        assert!(differences.contains("probed with smaller chunks"), "{differences}");
    }
}
