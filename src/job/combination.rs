//! Values that are right by themselves and impossible together.

use crate::units::{Bytes, Nanoseconds};

use super::arms;
use super::diagnostic::{Diagnostic, Place};
use super::entry::{Document, Entry, Table};
use super::key::{Key, Section};
use super::keys::{self, COMBINATIONS_MAX, INTERVALS_MAX, REPETITIONS_MAX};
use super::shape;
use super::unused;
use super::value::{Field, Value};
use super::values::Values;
use super::{Allocate, Amount, Generate, Job, Repetitions};
use crate::metric::{CaseMetric, Distribution, GateMetric, ValueRange};
use crate::slab::Background;
use crate::workload::allocate::Allocator;

const SECOND: u64 = 1_000_000_000;

/// Refuses a setting for a gate or an arm that the file does not have.
pub(super) fn known_item(document: &Document, entry: Entry) -> Result<Entry, Diagnostic> {
    let (section, index) = match entry.table.arm() {
        Some(arm) => (Section::Arm, arm),
        None => (entry.table.section, entry.table.index),
    };
    let count = document.headers.iter().filter(|header| header.table.section == section).count();
    if !section.is_list() || index < count {
        return Ok(entry);
    }
    let (place, name) = (Place { start: 0, ..entry.key_place }, section.name());
    let found = match count {
        0 => format!("the job has no {name}s"),
        1 => format!("the job has one {name}: {name}.0"),
        _ => format!("the job has {name}s {name}.0 to {name}.{}", count - 1),
    };
    Err(Diagnostic::new(place, format!("there is no {name}.{index}"), found))
}

/// Everything that involves more than one key.
///
/// `end` is the end of the job file, where something could be added.
pub(super) fn check(job: &Job, values: &Values, end: Place) -> Result<(), Vec<Diagnostic>> {
    let mut wrong = Vec::new();
    if job.generate.is_none() && job.allocate.is_none() {
        wrong.push(
            Diagnostic::new(end, "the job has no workload", "add [generate] or [allocate]")
                .note("all keys of these sections have defaults"),
        );
    }
    if let Amount::Bytes(bytes) = job.run.amount {
        let place = values.of(Table::single(Section::Run), "bytes")[0].1;
        wrong.extend(bytes_without_data(job, values, place));
        wrong.extend(bytes_against_chunks(values, bytes, place));
    }
    // With arms that contradict the job, further checks would report what follows from it.
    let of_arms = arms::check(values);
    if of_arms.is_empty() {
        match too_many_cases(job, values) {
            Some(too_many) => wrong.push(too_many),
            None => {
                wrong.extend(shape::check(job, values));
                wrong.extend(unused::check(job, values));
            }
        }
    }
    wrong.extend(of_arms);
    if let Amount::Duration(duration) = job.run.amount {
        wrong.extend(too_many_intervals(values, duration, job.run.interval, end));
    }
    wrong.extend(values.listed(Section::Gate).filter_map(|gate| gate_without_case(job, values, gate)));
    wrong.extend(values.listed(Section::Gate).filter_map(|gate| bound_beyond_share(values, gate)));
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// Refuses sweeps whose product is too large: four short lists can make more cases than a machine can list or a
/// person can wait for.
fn too_many_cases(job: &Job, values: &Values) -> Option<Diagnostic> {
    let of_all = job.rank.combination_count().saturating_mul(job.slab.combination_count());
    let generate = job.generate.as_ref().map_or(0, Generate::combination_count);
    let allocate = job.allocate.as_ref().map_or(0, Allocate::combination_count);
    let arms = 1 + job.arms.len() as u64 + u64::from(job.run.aa);
    let combinations = of_all.saturating_mul(generate.saturating_add(allocate)).saturating_mul(arms);
    if combinations > COMBINATIONS_MAX {
        let mut swept: Vec<(usize, Place)> =
            keys::all().filter_map(|key| written_sweep(values, key)).collect();
        swept.sort_by_key(|(count, place)| (std::cmp::Reverse(*count), *place));
        let message = format!("these sweeps make {combinations} combinations");
        let (count, longest) = *swept.first().expect("arms alone make fewer");
        let diagnostic = Diagnostic::new(longest, message, format!("{count} values"));
        let others = swept[1..].iter().fold(diagnostic, |diagnostic, (count, place)| {
            diagnostic.related(*place, format!("{count} values"))
        });
        let others = if arms > 1 { others.note(format!("each of them in {arms} arms")) } else { others };
        return Some(others.accepted(format!("at most {COMBINATIONS_MAX}")));
    }
    let repetitions = combinations * u64::from(job.run.repetitions.at_most());
    let (section, name) = match job.run.repetitions {
        Repetitions::Count(_) => (Section::Run, "repetitions"),
        Repetitions::Until(_) => (Section::Stop, "at_most"),
    };
    let place = values.of(Table::single(section), name)[0].1;
    (repetitions > REPETITIONS_MAX).then(|| {
        let path = format!("{}.{name}", section.name());
        let message = format!("{path}: {repetitions} repetitions of {combinations} combinations");
        let most = format!("at most {} of each", REPETITIONS_MAX / combinations);
        Diagnostic::new(place, message, most).accepted(format!("at most {REPETITIONS_MAX} in all"))
    })
}

/// The number of values swept at this key, and the place of all of them; `None` for a key that is not swept.
fn written_sweep(values: &Values, key: &Key) -> Option<(usize, Place)> {
    let places = values.of(Table::single(key.section), key.name);
    let ((_, first), (_, last)) = (places.first()?, places.last()?);
    (places.len() > 1).then_some((places.len(), Place { end: last.end, ..*first }))
}

fn bytes_without_data(job: &Job, values: &Values, place: Place) -> Option<Diagnostic> {
    job.allocate.as_ref()?;
    let header = values.header(Table::single(Section::Allocate));
    let message = "\"bytes\" is an amount of generated data, and [allocate] generates none";
    Some(
        Diagnostic::new(place, message, "")
            .related(header, "has no end without a duration")
            .accepted("duration = \"2s\" instead of bytes, or the job without [allocate]"),
    )
}

/// A repetition keeps one number an interval, in memory and in its part.
fn too_many_intervals(
    values: &Values,
    duration: Nanoseconds,
    interval: Nanoseconds,
    end: Place,
) -> Option<Diagnostic> {
    let count = duration.0.div_ceil(interval.0);
    if count <= INTERVALS_MAX {
        return None;
    }
    let written = |name| values.of(Table::single(Section::Run), name)[0].1;
    let place = [written("interval"), written("duration")].into_iter().find(|place| *place != Place::NOWHERE);
    let shortest = Nanoseconds(duration.0.div_ceil(INTERVALS_MAX).next_multiple_of(SECOND));
    let message = format!("run.interval: {duration} has {count} intervals of {interval}");
    Some(
        Diagnostic::new(place.unwrap_or(end), message, format!("at most {INTERVALS_MAX}"))
            .accepted(format!("interval = \"{shortest}\" or longer")),
    )
}

/// A data set is made of whole chunks, so that `chunk_ns` always times the same amount of work.
fn bytes_against_chunks(values: &Values, bytes: Bytes, place: Place) -> Vec<Diagnostic> {
    let of_job = values.of(Table::single(Section::Generate), "chunk");
    let of_job = of_job.iter().map(|(chunk, place)| (Bytes::read(chunk), *place));
    let uneven = of_job.chain(arms::chunks(values)).filter(|(chunk, _)| !bytes.0.is_multiple_of(chunk.0));
    uneven
        .map(|(chunk, chunk_place)| {
            let below = bytes.0 - bytes.0 % chunk.0;
            let above = Bytes(below.saturating_add(chunk.0));
            let nearest = match below {
                0 => format!("the smallest is {above}"),
                _ => format!("nearest: {} and {above}", Bytes(below)),
            };
            let message = format!("run.bytes: {bytes} is not a multiple of the chunk of {chunk}");
            let diagnostic = Diagnostic::new(place, message, nearest);
            match chunk_place {
                Place::NOWHERE => diagnostic.note(format!("generate.chunk is {chunk} unless it is given")),
                _ => diagnostic.related(chunk_place, "this chunk"),
            }
        })
        .collect()
}

/// Refuses a gate on a metric that no case has: it would never be judged.
fn gate_without_case(job: &Job, values: &Values, gate: Table) -> Option<Diagnostic> {
    use CaseMetric::*;
    let (metric, place) =
        values.of(gate, "metric").first().map(|(v, place)| (GateMetric::read(v), *place))?;
    let sides = || std::iter::once(job).chain(job.arms.iter().map(|arm| &arm.job));
    let uses_slab = job.generate.is_some() || { sides() }
        .filter_map(|side| side.allocate.as_ref())
        .any(|allocate| allocate.allocator.contains(&Allocator::Slab));
    let (measured, needed) = match metric {
        GateMetric::Case(ThroughputBytesPerS | SlowestRankThroughputBytesPerS | CoreSecondsPerGib)
        | GateMetric::Statistic(Distribution::Chunk, _) => (job.generate.is_some(), "[generate]"),
        GateMetric::Statistic(Distribution::Latency, _) => (
            sides()
                .filter_map(|side| side.allocate.as_ref())
                .any(|allocate| allocate.arrivals.iter().any(Option::is_some)),
            "[allocate] arrivals, the operations that are due each second",
        ),
        GateMetric::Case(OperationsPerS | SlowestRankOperationsPerS | CoreNsPerOperation) => {
            (job.allocate.is_some(), "[allocate]")
        }
        GateMetric::Case(RefillShare) | GateMetric::Statistic(..) => {
            (uses_slab, "[generate], or [allocate] with allocator = \"slab\"")
        }
        GateMetric::Case(LimitShare | SlowestRankLimitShare) if job.run.limit.0 == 0 => {
            (false, "[run] limit, the time in which the limit is measured, above 0ms")
        }
        GateMetric::Case(LimitShare | SlowestRankLimitShare) => (job.generate.is_some(), "[generate]"),
        GateMetric::Case(DedupRatio | DedupRatioAcross | CompressionRatio | CompressionRatioMin) => {
            (job.generate.as_ref().is_some_and(|generate| generate.check), "[generate] check = true")
        }
        GateMetric::Case(MemoryPeakBytes) => {
            (uses_slab, "[generate], or [allocate] with allocator = \"slab\"")
        }
        GateMetric::Case(BackgroundCpuNs) => (
            sides().any(|side| side.slab.background != [Background::Off]),
            "[slab] background = \"populate\"",
        ),
        GateMetric::Case(
            BusyWorkers | CoreClockChange | CpuShare | InvoluntarySwitches | Locality | MeasuringShare
            | QuotaShare | RunDelayShare | StealShare | Stragglers | Trustworthy,
        ) => (true, ""),
    };
    if measured {
        return None;
    }
    let message = format!("no case of this job measures \"{}\"", metric.name());
    Some(Diagnostic::new(place, message, format!("needs {needed}")))
}

/// Refuses a bound above 1 on a share: 99 was meant in per cent.
fn bound_beyond_share(values: &Values, gate: Table) -> Option<Diagnostic> {
    let metric = values.one::<GateMetric>(gate, "metric")?;
    let bounds = values.of(gate, "at_least").iter().chain(values.of(gate, "at_most"));
    let (value, place) = bounds.map(|(bound, place)| (bound, *place)).next()?;
    let bound = f64::read(value);
    let against = values.of(gate, "against").first().map(|(_, place)| *place);
    let name = metric.name();
    if let (Some(against), GateMetric::Case(CaseMetric::Stragglers | CaseMetric::Trustworthy)) =
        (against, metric)
    {
        let message =
            format!("\"{name}\" is a figure of the whole run, and cannot be compared with a stored run");
        return Some(Diagnostic::new(against, message, "remove it"));
    }
    if let Some(against) = against {
        // A bound of more than ten times the stored figure was meant in the metric's own unit.
        let message = format!("{bound} times the \"{name}\" of the stored run");
        let wrong = Diagnostic::new(place, message, "").related(against, "makes the bound a share");
        return (bound > AGAINST_MAX)
            .then(|| wrong.accepted("a share of the stored run's figure, such as \"95%\""));
    }
    if matches!(value, Value::PerCent(_)) && metric.extent() == ValueRange::Absolute {
        let message = format!("\"{name}\" is not a share, and a bound in per cent needs one");
        let label = "write a number, or add against = \"DIR\"";
        return Some(Diagnostic::new(place, message, label));
    }
    if metric.extent() != ValueRange::Share || bound <= 1.0 {
        return None;
    }
    let message = format!("\"{name}\" is a share, found the bound {bound}");
    let meant = matches!(value, Value::Number(_)) && bound <= 100.0;
    let label = if meant { format!("write {}", bound / 100.0) } else { String::new() };
    Some(Diagnostic::new(place, message, label).accepted("a number from 0 to 1"))
}

/// The largest multiple of a stored figure that a bound can be.
const AGAINST_MAX: f64 = 10.0;
