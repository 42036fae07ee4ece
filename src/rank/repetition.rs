//! One repetition of one case on one rank: its limits, its timed region and its record.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::crew::RepetitionWorkers;
use super::equipment::Equipment;
use super::{fault, limits};
use crate::comm::Comm;
use crate::error::Result;
use crate::metric::Distribution;
use crate::plan::{Case, Plan, Turn, Work};
use crate::record::{HistogramRecord, LimitTiming, Repetition, SampleFindings, When};
use crate::slab::{Heap, RefillRecord, Stage, Stratum, Stretch, with_background};
use crate::word::Word;
use crate::workload::{Amount, Extent, Measured, allocate, collect, generate};

/// The result of a repetition on one rank.
pub struct RepetitionResult {
    measured: Measured,
    /// Start of the heap in the arena; 0 without a heap.
    heap_offset_bytes: u64,
    /// The limits before and after the repetition, measured with all ranks at once.
    limits: Vec<LimitTiming>,
    /// The properties found in a sample of the data.
    check: Option<SampleFindings>,
}

/// Runs the case once, and measures its limits before and after it. With a data set, the first round runs the case once
/// more to hash the data. Collective.
///
/// No rank measures a limit while another rank is in its timed region: with a data set, or a long chunk, the ranks end
/// at different times.
///
/// # Errors
/// When a worker of any rank fails because the arena is exhausted.
pub fn run(
    comm: &Comm,
    equipment: &Equipment,
    plan: &Plan,
    turn: Turn,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<RepetitionResult> {
    let extent = Extent { warmup_ns: plan.warmup_ns, amount: plan.amount, division: plan.division, stop };
    let mut limits = limits::with_all(comm, equipment, plan, turn, When::Before, stop)?;
    let case = &plan.cases[turn.case];
    let stretch = plan.stretch(equipment.rank(), turn);
    if case.begins_untouched {
        comm.agree(equipment.with_heap(case, stretch, Heap::discard))?;
    }
    fault::strike(fault::FaultPoint { rank: equipment.rank(), worker: None });
    let mut measured = comm.agree(once(equipment, plan, turn, extent))?;
    if case.begins_untouched {
        // Other cases find the arena populated.
        comm.agree(equipment.with_heap(case, stretch, |heap| equipment.populate(heap)))?;
    }
    limits.extend(limits::with_all(comm, equipment, plan, turn, When::After, stop)?);
    if let (Amount::Dataset { bytes, rank, ranks, .. }, true) = (plan.amount, turn.is_of_first_round()) {
        let amount = Amount::Dataset { bytes, rank, ranks, digest: true };
        let hashing = Extent { warmup_ns: 0, amount, ..extent };
        measured.digest = comm.agree(once(equipment, plan, turn, hashing))?.digest;
    }
    let check = match case.work {
        Work::Generate(parameters) if parameters.check && turn.is_of_first_round() => {
            Some(check(equipment, plan, case, parameters))
        }
        _ => None,
    };
    let heap_offset_bytes = stretch.map_or(0, |stretch| stretch.offset_bytes);
    Ok(RepetitionResult { measured, heap_offset_bytes, limits, check })
}

/// Hashes and compresses a sample of the case's data, on all its workers.
fn check(
    equipment: &Equipment,
    plan: &Plan,
    case: &Case,
    parameters: generate::Parameters,
) -> SampleFindings {
    let (amount, world) = (plan.amount, equipment.world());
    let streams = generate::Streams::of(plan.seed, &parameters, amount, world);
    let sample = generate::Sample::of(&parameters, streams, amount, world);
    let workers = case.workers as usize;
    sample.found(equipment.pool().run(workers, |worker| sample.inspect(worker, workers)))
}

/// Runs the case's timed region once.
fn once(equipment: &Equipment, plan: &Plan, turn: Turn, extent: Extent<'_>) -> Result<Measured> {
    let case = &plan.cases[turn.case];
    let stretch = plan.stretch(equipment.rank(), turn);
    match case.work {
        Work::Generate(parameters) => generate(equipment, plan, case, stretch, parameters, extent),
        Work::Allocate(parameters) => allocate(equipment, plan, case, stretch, parameters, extent),
    }
}

fn generate(
    equipment: &Equipment,
    plan: &Plan,
    case: &Case,
    stretch: Option<Stretch>,
    parameters: generate::Parameters,
    extent: Extent<'_>,
) -> Result<Measured> {
    let streams = generate::Streams::of(plan.seed, &parameters, extent.amount, equipment.world());
    let workers = case.workers as usize;
    equipment.with_heap(case, stretch, |heap| {
        let session =
            generate::Session::new(parameters, workers, extent, streams, heap, equipment.instruments());
        let records = match parameters.workers_stay() {
            true => collect(equipment.pool().run(workers, |worker| {
                fault::strike(fault::FaultPoint { rank: equipment.rank(), worker: Some(worker) });
                session.work(worker)
            })),
            false => session.drive(&RepetitionWorkers::new(equipment, workers, parameters.pool)?),
        }?;
        Ok(session.measured(&records))
    })
}

fn allocate(
    equipment: &Equipment,
    plan: &Plan,
    case: &Case,
    stretch: Option<Stretch>,
    parameters: allocate::Parameters,
    extent: Extent<'_>,
) -> Result<Measured> {
    let Amount::Duration(timed_ns) = extent.amount else {
        unreachable!("a job with a data set has no allocator workload: the job refuses it")
    };
    let Extent { warmup_ns, division, stop, .. } = extent;
    let span = allocate::Span { warmup_ns, timed_ns, division, stop };
    let session = allocate::Session::new(parameters, case.workers, span, plan.seed, equipment.instruments());
    let number = |worker: usize| u32::try_from(worker).expect("workers are counted in 32 bits");
    let work = |heap: Option<&Heap>| {
        collect(
            session
                .run(heap, |part| equipment.pool().run(case.workers as usize, |worker| part(number(worker)))),
        )
    };
    let (records, populator) = match parameters.arena_bytes(case.workers) {
        0 => (work(None)?, None),
        _ => equipment
            .with_heap(case, stretch, |heap| with_background(case.background, heap, || work(Some(heap))))?,
    };
    let background_cpu_ns = populator.map(|report| report.cpu_ns);
    Ok(Measured { background_cpu_ns, ..session.measured(&records) })
}

/// The record for the rank's part of a repetition that began at `began`.
pub fn record(case: &Case, turn: Turn, began: SystemTime, outcome: &RepetitionResult) -> Repetition {
    let RepetitionResult { measured, heap_offset_bytes, limits, check } = outcome;
    // A system clock before 1970 was never set; it counts as 0.
    let since_1970 = began.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let mut histograms = BTreeMap::new();
    if let Work::Generate(_) = case.work {
        let chunks = &measured.chunk_ns;
        histograms
            .insert(Distribution::Chunk.word().to_owned(), HistogramRecord::new(chunks.count(), chunks));
    }
    if let Some(latencies) = &measured.latency_ns {
        let record = HistogramRecord::new(latencies.count(), latencies);
        histograms.insert(Distribution::Latency.word().to_owned(), record);
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
        background_cpu_ns: measured.background_cpu_ns,
        intervals: measured.intervals.clone(),
        histograms,
        heap_offset_bytes: *heap_offset_bytes,
        noise: measured.noise.clone(),
        measuring: measured.measuring,
        limits: limits.clone(),
        digest: measured.digest.map(|digest| digest.to_hex()),
        check: check.clone().map(Box::new),
    }
}

/// The records of one stratum: the total and each stage. A stage has as many events as the total, because either all
/// stages of a refill are timed or none.
fn stratum_records(name: &str, stratum: &Stratum) -> Vec<(String, HistogramRecord)> {
    let total = (format!("refill_ns.{name}"), HistogramRecord::new(stratum.count, &stratum.total));
    let stages = Stage::ALL.iter().zip(&stratum.stages).map(|(stage, histogram)| {
        (format!("refill_stage_ns.{}.{name}", stage.name()), HistogramRecord::new(stratum.count, histogram))
    });
    std::iter::once(total).chain(stages).collect()
}
