//! Parsers of the arguments that name a job.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::builder::{PathBufValueParser, PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Arg, Command, Error};

use crate::job::BUILT_IN;

/// The names as the only values of an argument.
pub fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(BUILT_IN.iter().map(|job| job.name))
}

/// Parser of a job's path. The names of built-in jobs are known to it, so that shells offer them; every path is accepted.
#[derive(Clone, Debug)]
pub struct JobPath;

impl TypedValueParser for JobPath {
    type Value = PathBuf;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<PathBuf, Error> {
        PathBufValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(BUILT_IN.iter().map(|job| PossibleValue::new(job.name))))
    }
}
