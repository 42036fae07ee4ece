//! Dedup, compression and streams of a job: the shape that they make, and what cannot go together.

use std::collections::BTreeSet;

use super::diagnostic::{Diagnostic, Place};
use super::entry::Table;
use super::key::Section;
use super::section::Combination;
use super::values::Values;
use super::{Amount, GenerateKnobs, Job};
use crate::generator::{Compression, Dedup, Shape};
use crate::units::Bytes;
use crate::workload::generate::Scope;

/// The least part of a chunk that one stream has: a page.
const STRIPE_BYTES_MIN: u64 = 4 << 10;

impl GenerateKnobs {
    /// The shape of the stream, without the members of its scope. Keys that a ratio of 1 leaves without effect may have
    /// any value.
    ///
    /// # Errors
    /// When there is no such shape; the message names those that there are. No job has such an error.
    pub fn shape(&self) -> Result<Shape, String> {
        Shape::new(self.deduplication()?, self.compression()?)
    }

    fn deduplication(&self) -> Result<Option<Dedup>, String> {
        let distance = self.distance.map(|bytes| bytes.0);
        let dedup = (!self.dedup.is_one()).then(|| Dedup::new(self.dedup, self.unit.0, distance));
        dedup.transpose()
    }

    fn compression(&self) -> Result<Option<Compression>, String> {
        let compression =
            (!self.compress.is_one()).then(|| Compression::new(self.compress, self.granule.0, self.codec));
        compression.transpose()
    }

    /// Contradictions between these values, each with its keys: the one to change first stands first.
    fn contradictions(&self) -> Vec<(String, &'static [&'static str])> {
        let mut found = Vec::new();
        match (self.deduplication(), self.compression()) {
            (Ok(dedup), Ok(compression)) => {
                let together = Shape::new(dedup, compression).err();
                found.extend(together.map(|why| (why, ["granule", "unit", "compress", "dedup"].as_slice())));
            }
            (dedup, compression) => {
                found.extend(dedup.err().map(|why| (why, ["distance", "unit", "dedup"].as_slice())));
                found.extend(compression.err().map(|why| (why, ["compress", "granule", "codec"].as_slice())));
            }
        }
        let needed = u64::from(self.streams).saturating_mul(STRIPE_BYTES_MIN);
        if needed > self.chunk.0 {
            let why = format!(
                "a chunk of {} has no room for {} streams; accepted: at most {}, or a chunk of at least {}",
                self.chunk,
                self.streams,
                self.chunk.0 / STRIPE_BYTES_MIN,
                Bytes(needed)
            );
            found.push((why, &["streams", "chunk"]));
        }
        found
    }
}

/// Combinations of the job and of its arms that no stream can have, each once.
pub(super) fn check(job: &Job, values: &Values) -> Vec<Diagnostic> {
    let mut wrong = Vec::new();
    let mut said = BTreeSet::new();
    let of_arms = job.arms.iter().enumerate().map(|(index, arm)| (values.with_arm(index), &arm.job));
    for (values, job) in std::iter::once((values.clone(), job)).chain(of_arms) {
        let Some(section) = &job.generate else { continue };
        let written = Written(&values);
        for knobs in section.combinations() {
            let found = knobs.contradictions().into_iter();
            let mut found: Vec<Diagnostic> =
                found.map(|(why, keys)| written.contradiction(&knobs, &why, keys)).collect();
            if let Amount::Bytes(_) = job.run.amount {
                found.extend(written.several_streams(&knobs));
            }
            // An arm repeats the contradictions of the base in the keys that it does not set.
            wrong.extend(found.into_iter().filter(|one| said.insert((one.message.clone(), one.place))));
        }
    }
    wrong
}

/// The places where the values of a job, or of the job as an arm has it, were written.
struct Written<'a>(&'a Values);

impl Written<'_> {
    /// The place where the value that a key has in this combination was written; nowhere for a default.
    fn place(&self, knobs: &GenerateKnobs, key: &str) -> Place {
        let all = self.0.of(Table::single(Section::Generate), key);
        all.iter().find(|(value, _)| knobs.has(key, value)).map_or(Place::NOWHERE, |(_, place)| *place)
    }

    fn contradiction(&self, knobs: &GenerateKnobs, why: &str, keys: &[&str]) -> Diagnostic {
        let (message, accepted) = why.split_once("; accepted: ").unwrap_or((why, ""));
        let places: Vec<(&str, Place)> = keys.iter().map(|key| (*key, self.place(knobs, key))).collect();
        let mut written = places.iter().filter(|(_, place)| *place != Place::NOWHERE);
        let (key, first) = written.next().expect("all defaults together are a stream");
        let diagnostic = Diagnostic::new(*first, format!("generate.{key}: {message}"), "");
        let diagnostic = written
            .fold(diagnostic, |diagnostic, (key, place)| diagnostic.related(*place, format!("this {key}")));
        let defaults = places.iter().filter(|(key, place)| {
            // A word is only worth a line where it is one of a size.
            *place == Place::NOWHERE && ["unit", "granule", "chunk"].contains(key)
        });
        let diagnostic = defaults.fold(diagnostic, |diagnostic, (key, _)| {
            let value = match *key {
                "unit" => knobs.unit,
                "granule" => knobs.granule,
                _ => knobs.chunk,
            };
            diagnostic.note(format!("generate.{key} is {value} unless it is given"))
        });
        if accepted.is_empty() { diagnostic } else { diagnostic.accepted(accepted) }
    }

    /// Refuses several streams in a data set, which is one stream with a part for each rank.
    fn several_streams(&self, knobs: &GenerateKnobs) -> Vec<Diagnostic> {
        let bytes = self.0.of(Table::single(Section::Run), "bytes")[0].1;
        let refused = |place: Place, message: &str, label: &str| {
            Diagnostic::new(place, message, label).related(bytes, "a data set is one stream of all ranks")
        };
        let mut wrong = Vec::new();
        if !knobs.dedup.is_one() && knobs.scope != Scope::All {
            let place = [self.place(knobs, "scope"), self.place(knobs, "dedup")]
                .into_iter()
                .find(|place| *place != Place::NOWHERE);
            let message = "generate.scope: the copies of a data set lie in all of it";
            wrong.push(refused(
                place.expect("dedup is 1 unless it is given"),
                message,
                "write scope = \"all\"",
            ));
        }
        if knobs.streams > 1 {
            let message = format!("generate.streams: a data set has one stream, not {}", knobs.streams);
            wrong.push(refused(
                self.place(knobs, "streams"),
                &message,
                "or give a duration instead of bytes",
            ));
        }
        wrong
    }
}
