//! A plan in miniature: short enough to be run before the real one, large enough to say what that will take.

use super::{Case, Plan, Turn, Work, memory};
use crate::units::human_bytes;
use crate::workload::Amount;
use crate::workload::intervals::Division;

/// A plan of the same cases, each a few times for a moment.
#[derive(Clone, Debug)]
pub struct Miniature {
    /// What to run.
    pub plan: Plan,
    /// For each case of the real plan, the index of the case here that stands for it.
    pub stands_for: Vec<usize>,
}

/// Rounds of a miniature.
pub(super) const ROUNDS: u32 = 4;
/// What all repetitions together may take, as long as no single chunk takes longer than its share.
const BUDGET_NS: u64 = 2_400_000_000;
/// A shorter timed region says nothing.
const TIMED_NS_MIN: u64 = 10_000_000;
/// More cases are not tried one by one.
const CASES_MAX: usize = 48;
/// Chunks are made smaller until those in flight fit: beyond every cache, and populated in a moment.
const WORKING_SET_BYTES_MAX: usize = 512 << 20;
/// Chunks are multiples of this.
const GRAIN: usize = 4096;
/// Of a data set, each rank makes this much at least.
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
        // As many intervals as the real plan has: their number decides how much is written.
        let interval_ns = match (self.amount, amount) {
            (Amount::Duration(real), Amount::Duration(here)) => scaled(self.division.interval_ns, here, real),
            _ => self.division.interval_ns,
        };
        let turns = (0..ROUNDS).flat_map(|round| (0..cases.len()).map(move |case| Turn { round, case }));
        let plan = Plan {
            turns: turns.collect(),
            repetitions: ROUNDS,
            // It has its rounds, however certain they are.
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
    /// In what the miniature is not the real thing, one sentence each.
    pub fn differences(&self, plan: &Plan) -> Vec<String> {
        let mut differences = Vec::new();
        let (tried, all) = (self.plan.cases.len(), plan.cases.len());
        if tried < all {
            differences
                .push(format!("{tried} of {all} cases were tried: the others are taken to be as these"));
        }
        let smaller = std::iter::zip(&plan.cases, &self.stands_for)
            .filter(|(case, index)| chunk_bytes(case) > chunk_bytes(&self.plan.cases[**index]))
            .count();
        if smaller > 0 {
            let most = human_bytes(WORKING_SET_BYTES_MAX as u64);
            differences
                .push(format!("chunks of {smaller} of the cases were tried smaller, {most} in flight"));
        }
        differences
    }
}

/// All cases, or some of them spread evenly, the first of each workload among them; and which one stands for which.
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
    // Every stream beside the others keeps its page.
    let streams = parameters.streams as usize;
    let largest = (WORKING_SET_BYTES_MAX / chunks / GRAIN).max(streams) * GRAIN;
    parameters.chunk_bytes = parameters.chunk_bytes.min(largest);
    Case { work: Work::Generate(parameters), ..case.clone() }
}

/// Two chunks a rank of the largest size, or a little more.
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
    use super::*;
    use crate::job::{Job, Setting};

    fn plan(settings: &[&str]) -> Plan {
        let settings: Vec<Setting> = settings.iter().map(|text| Setting::new(*text)).collect();
        let text = "schema = 1\nname = \"t\"\n[generate]\n";
        let job = Job::parse(text, "t.toml", &settings).expect("a job");
        let seat = Seat {
            rank: 3,
            ranks: 64,
            pus: 256,
            l3_bytes: 32 << 20,
            complexes: Vec::new(),
            node: "node 0".to_owned(),
            free_bytes: None,
            ranks_on_node: 1,
            cgroup_bytes: None,
            ranks_on_host: 4,
        };
        Plan::new(&job, &seat).expect("a plan")
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
        assert!(differences.contains("tried smaller"), "{differences}");
    }
}
