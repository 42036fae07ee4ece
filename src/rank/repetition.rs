//! One repetition of one case on one rank: into the timed region, out again, and onto paper.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::equipment::Equipment;
use super::fault;
use crate::error::Result;
use crate::generator::Stream;
use crate::plan::{Case, Plan, Turn, Work};
use crate::results::{HistogramRecord, Repetition};
use crate::slab::{RefillRecord, Stage, Stratum};
use crate::workload::{Amount, Extent, Measured, allocate, collect, generate};

/// Runs the case once, and with a data set, in the first round, once more to hash it.
///
/// # Errors
/// When a worker fails: the arena is exhausted.
pub fn run(
    equipment: &Equipment,
    plan: &Plan,
    turn: Turn,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Measured> {
    let case = &plan.cases[turn.case];
    fault::strike(fault::Place { rank: equipment.rank(), worker: None });
    let extent = Extent { warmup_ns: plan.warmup_ns, amount: plan.amount, division: plan.division, stop };
    match case.work {
        Work::Generate(parameters) => {
            let mut measured = generate(equipment, plan, case, parameters, extent)?;
            if let (Amount::Dataset { bytes, rank, ranks, .. }, 0) = (plan.amount, turn.round) {
                let amount = Amount::Dataset { bytes, rank, ranks, digest: true };
                let hashing = Extent { warmup_ns: 0, amount, ..extent };
                measured.digest = generate(equipment, plan, case, parameters, hashing)?.digest;
            }
            Ok(measured)
        }
        Work::Allocate(parameters) => allocate(equipment, plan, case, parameters, extent),
    }
}

fn generate(
    equipment: &Equipment,
    plan: &Plan,
    case: &Case,
    parameters: generate::Parameters,
    extent: Extent<'_>,
) -> Result<Measured> {
    let stream = match extent.amount {
        // Every rank its own stream: no rank's data is found again on another.
        Amount::Duration(_) => Stream::new(plan.seed, u64::from(equipment.rank())),
        Amount::Dataset { .. } => Stream::new(plan.seed, 0),
    };
    let workers = case.workers as usize;
    equipment.with_heap(case, |heap| {
        let session =
            generate::Session::new(parameters, workers, extent, stream, heap, equipment.instruments());
        let records = collect(equipment.pool().run(workers, |worker| {
            fault::strike(fault::Place { rank: equipment.rank(), worker: Some(worker) });
            session.work(worker)
        }))?;
        Ok(session.measured(&records))
    })
}

fn allocate(
    equipment: &Equipment,
    plan: &Plan,
    case: &Case,
    parameters: allocate::Parameters,
    extent: Extent<'_>,
) -> Result<Measured> {
    let Amount::Duration(timed_ns) = extent.amount else {
        unreachable!("a job with a data set has no allocator workload: the job refuses it")
    };
    let Extent { warmup_ns, division, stop, .. } = extent;
    let span = allocate::Span { warmup_ns, timed_ns, division, stop };
    let session = allocate::Session::new(case.workers, span, plan.seed, equipment.instruments());
    let workers = case.workers as usize;
    let number = |worker: usize| u32::try_from(worker).expect("workers are counted in 32 bits");
    let pool = equipment.pool();
    let records = match parameters.allocator {
        allocate::Allocator::Slab => equipment.with_heap(case, |heap| {
            collect(pool.run(workers, |worker| session.work_with_slab(number(worker), heap)))
        }),
        allocate::Allocator::System => {
            collect(pool.run(workers, |worker| session.work_with_system(number(worker))))
        }
    }?;
    Ok(session.measured(&records))
}

/// What the rank's part says about a repetition that began at this time.
pub fn record(case: &Case, turn: Turn, began: SystemTime, measured: &Measured) -> Repetition {
    // A clock that stands before 1970 was never set.
    let since_1970 = began.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let mut histograms = BTreeMap::new();
    if let Work::Generate(_) = case.work {
        let chunks = &measured.chunk_ns;
        histograms.insert("chunk_ns".to_owned(), HistogramRecord::new(chunks.count(), chunks));
    }
    if let Some(RefillRecord { slow, fast, .. }) = &measured.refills {
        for (name, stratum) in [("slow", slow), ("fast", fast)] {
            histograms.extend(stratum_records(name, stratum));
        }
    }
    Repetition {
        case: case.id.clone(),
        round: turn.round,
        began_unix_ms: u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX),
        elapsed_ns: measured.elapsed_ns,
        bytes: measured.bytes,
        operations: measured.operations,
        worker_ns: measured.worker_ns,
        cpu_ns: measured.cpu_ns,
        busy_workers: measured.busy_workers,
        memory_peak_bytes: measured.memory_peak_bytes,
        intervals: measured.intervals.clone(),
        histograms,
        heap_offset_bytes: 0,
        noise: measured.noise.clone(),
        measuring: measured.measuring,
        limits: Vec::new(),
        digest: measured.digest.map(|digest| digest.to_hex()),
    }
}

/// The total and the stages of one stratum: a stage has as many events as the total, each timed or none.
fn stratum_records(name: &str, stratum: &Stratum) -> Vec<(String, HistogramRecord)> {
    let total = (format!("refill_ns.{name}"), HistogramRecord::new(stratum.count, &stratum.total));
    let stages = Stage::ALL.iter().zip(&stratum.stages).map(|(stage, histogram)| {
        (format!("refill_stage_ns.{}.{name}", stage.name()), HistogramRecord::new(stratum.count, histogram))
    });
    std::iter::once(total).chain(stages).collect()
}
