//! Values that are right by themselves and impossible together.

use crate::units::Bytes;

use super::diagnostic::{Diagnostic, Place};
use super::entry::{Document, Entry, Table};
use super::keys::Section;
use super::values::Values;
use super::words::{Allocator, Metric, Word};
use super::{Amount, Job};

/// Gates without a bound. Two bounds are refused as rivals.
pub(super) fn check_gates(values: &Values) -> Result<(), Vec<Diagnostic>> {
    let unbounded = |gate: &Table| {
        values.places(*gate, "at_least").is_empty() && values.places(*gate, "at_most").is_empty()
    };
    let wrong: Vec<Diagnostic> = values
        .gates()
        .filter(unbounded)
        .map(|gate| {
            Diagnostic::new(values.header(gate), "a gate without a bound", "")
                .accepted("at_least = NUMBER or at_most = NUMBER")
        })
        .collect();
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// A setting for a gate that the file does not have.
pub(super) fn missing_gate(document: &Document, entry: &Entry) -> Option<Diagnostic> {
    let count = document.headers.iter().filter(|header| header.table.section == Section::Gate).count();
    if entry.table.section != Section::Gate || entry.table.index < count {
        return None;
    }
    let place = Place { start: 0, ..entry.key_place };
    let found = match count {
        0 => "the job has no gates".to_owned(),
        1 => "the job has one gate: gate.0".to_owned(),
        _ => format!("the job has gates gate.0 to gate.{}", count - 1),
    };
    Some(Diagnostic::new(place, format!("there is no gate.{}", entry.table.index), found))
}

/// Everything that involves more than one key.
pub(super) fn check(job: &Job, values: &Values) -> Result<(), Vec<Diagnostic>> {
    let mut wrong = Vec::new();
    if job.generate.is_none() && job.allocate.is_none() {
        let end_of_top = values.header(Table::single(Section::Job));
        wrong.push(
            Diagnostic::new(end_of_top, "the job has no workload", "")
                .accepted("a section [generate], a section [allocate], or both; their keys have defaults"),
        );
    }
    if let Amount::Bytes(bytes) = job.run.amount {
        let place = values.places(Table::single(Section::Run), "bytes")[0].1;
        wrong.extend(bytes_without_data(job, values, place));
        wrong.extend(bytes_against_chunks(values, bytes, place));
    }
    wrong.extend(values.gates().filter_map(|gate| gate_without_case(job, values, gate)));
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
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

/// A data set is made of whole chunks, so that `chunk_ns` always times the same amount of work.
fn bytes_against_chunks(values: &Values, bytes: Bytes, place: Place) -> Vec<Diagnostic> {
    let chunks = values.places(Table::single(Section::Generate), "chunk");
    let uneven = chunks.iter().filter(|(chunk, _)| !bytes.0.is_multiple_of(chunk.size().0));
    uneven
        .map(|(chunk, chunk_place)| {
            let chunk = chunk.size();
            let below = bytes.0 - bytes.0 % chunk.0;
            let above = Bytes(below.saturating_add(chunk.0));
            let nearest = match below {
                0 => format!("the smallest is {above}"),
                _ => format!("nearest: {} and {above}", Bytes(below)),
            };
            let message = format!("run.bytes: {bytes} is not a multiple of the chunk of {chunk}");
            let diagnostic = Diagnostic::new(place, message, nearest);
            match chunk_place.end {
                // The default stands nowhere.
                0 => diagnostic.note(format!("generate.chunk is {chunk} unless it is given")),
                _ => diagnostic.related(*chunk_place, "this chunk"),
            }
        })
        .collect()
}

/// A gate that would never be looked at is a mistake, not a pass.
fn gate_without_case(job: &Job, values: &Values, gate: Table) -> Option<Diagnostic> {
    let (metric, place) =
        values.places(gate, "metric").first().map(|(v, place)| (v.word::<Metric>(), *place))?;
    let uses_slab = job.generate.is_some()
        || job.allocate.as_ref().is_some_and(|allocate| allocate.allocator.contains(&Allocator::Slab));
    let (measured, needed) = match metric {
        Metric::ThroughputBytesPerS | Metric::CoreSecondsPerGib => (job.generate.is_some(), "[generate]"),
        Metric::OperationsPerS => (job.allocate.is_some(), "[allocate]"),
        Metric::RefillShare => (uses_slab, "[generate], or [allocate] with allocator = \"slab\""),
        Metric::Locality => (true, ""),
    };
    if measured {
        return None;
    }
    let message = format!("no case of this job measures \"{}\"", metric.word());
    Some(Diagnostic::new(place, message, format!("needs {needed}")))
}
