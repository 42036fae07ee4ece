//! The name of a case, and what stands in `run.json` beside it.

use super::cases::Parameter;
use crate::generator::Ratio;
use crate::job::{Word, Workers};
use crate::units::Bytes;

const DISTANCE: (&str, &str) = ("distance", "distance_bytes");

/// The name of a case in the making: parameters are added in the order of the job file, and those that are swept stand
/// in the id.
pub(super) struct Name {
    pub(super) id: String,
    pub(super) parameters: Vec<(&'static str, Parameter)>,
}

impl Name {
    pub(super) fn new(workload: &'static str) -> Name {
        Name { id: workload.to_owned(), parameters: Vec::new() }
    }

    pub(super) fn word(self, key: &'static str, word: impl Word, swept: bool) -> Name {
        self.add((key, key), Parameter::Word(word.word().to_owned()), word.word(), swept)
    }

    pub(super) fn bytes(self, keys: (&'static str, &'static str), bytes: Bytes, swept: bool) -> Name {
        self.add(keys, Parameter::Number(bytes.0), bytes, swept)
    }

    pub(super) fn count(self, key: &'static str, count: u32, swept: bool) -> Name {
        self.add((key, key), Parameter::Number(count.into()), count, swept)
    }

    /// A ratio is a word in `run.json`: as exact as it was asked for.
    pub(super) fn ratio(self, key: &'static str, ratio: Ratio, swept: bool) -> Name {
        self.add((key, key), Parameter::Word(ratio.to_string()), ratio, swept)
    }

    /// `scope` by itself is a column of samples.parquet.
    pub(super) fn scope(self, scope: impl Word, swept: bool) -> Name {
        self.add(("scope", "dedup_scope"), Parameter::Word(scope.word().to_owned()), scope.word(), swept)
    }

    /// As it was asked for: what copies are apart in the end follows from the ratio, too, and is no parameter of its own.
    pub(super) fn distance(self, asked: Option<Bytes>, swept: bool) -> Name {
        match asked {
            Some(bytes) => self.bytes(DISTANCE, bytes, swept),
            None => self.add(DISTANCE, Parameter::Word("auto".to_owned()), "auto", swept),
        }
    }

    /// "all" may be another number on every rank: the id keeps the word, so that it is the same everywhere.
    pub(super) fn workers(self, asked: Workers, swept: bool) -> Name {
        match asked {
            Workers::All => self.add(("workers", "workers"), Parameter::Word("all".to_owned()), "all", swept),
            Workers::Count(count) => self.count("workers", count, swept),
        }
    }

    /// `key` stands in the id, `parameter` in `run.json`: there sizes say what they count.
    fn add(
        mut self,
        (key, parameter): (&str, &'static str),
        value: Parameter,
        shown: impl std::fmt::Display,
        swept: bool,
    ) -> Name {
        self.parameters.push((parameter, value));
        if swept {
            self.id.push_str(&format!(".{key}={shown}"));
        }
        self
    }
}
