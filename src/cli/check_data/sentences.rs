//! Sentences about the streams of which wrong bytes are.

use super::candidate::Candidate;
use super::trace::{Explanation, Trace};
use crate::cli::stream::StreamArguments;

/// The lines about what was found elsewhere, each after a line break; empty when nothing was sought.
pub fn elsewhere(asked: &Candidate, trace: &Trace, bytes: u64) -> String {
    if let Some(whole) = trace.found.iter().find(|found| found.whole) {
        let flags = whole.candidate.arguments.flags_unlike(&asked.arguments);
        return format!("\n  all {bytes} bytes are right {}", with(&flags));
    }
    let mut text: String = trace.found.iter().map(|found| stretch(asked, found, bytes)).collect();
    if !trace.found.is_empty() && trace.unexplained {
        text += "\n  the other wrong bytes were not found elsewhere";
    }
    if let (true, Some(tried)) = (trace.found.is_empty(), &trace.tried) {
        text += &format!(
            "\n  the wrong bytes were not found elsewhere; tried: {tried}; other ratios at their place"
        );
    }
    text
}

/// `with --offset 0 and without --compress`, or one of both.
fn with(flags: &[String]) -> String {
    let (left_out, given): (Vec<&str>, Vec<&str>) =
        flags.iter().map(String::as_str).partition(|flag| flag.starts_with("without "));
    match (given.is_empty(), left_out.is_empty()) {
        (true, _) => left_out.join(" and "),
        (false, true) => format!("with {}", given.join(" ")),
        (false, false) => format!("with {} and {}", given.join(" "), left_out.join(" and ")),
    }
}

/// The line about one stream.
fn stretch(asked: &Candidate, found: &Explanation, file_bytes: u64) -> String {
    let (ours, theirs) = (&asked.arguments, &found.candidate.arguments);
    let (first, bytes) = (found.first, found.bytes);
    let offset = found.candidate.offset_of(first);
    let right = format!("\n  from byte {first} on, {bytes} bytes are right");
    let renamed = StreamArguments { offset: ours.offset, ..theirs.clone() };
    let flags = renamed.flags_unlike(ours);
    if !flags.is_empty() {
        let place =
            if ours.offset == theirs.offset { String::new() } else { format!(", at offset {offset} of it") };
        return format!("{right} {}{place}", with(&flags));
    }
    // Both wrap, so the smaller difference is the true one.
    let further = theirs.offset.wrapping_sub(ours.offset);
    let back = further.wrapping_neg();
    let to_the_end = found.end == file_bytes;
    let (distance, way, reason) = match further < back {
        true => (further, "further on", "missing"),
        false => (back, "further back", "too many"),
    };
    let reason = if to_the_end && first > 0 {
        format!(": {distance} bytes {reason} before them")
    } else {
        String::new()
    };
    format!("{right} for offset {offset} of the stream, {distance} bytes {way}{reason}")
}
