//! `[[arm]]` and `[[gate]]`.

use super::super::key::{Key, Kind, keys};
use crate::record::run::Level;
use crate::word::Word;

pub(super) const KEYS: &[Key] = keys![
    Arm name required in Kind::Name { max_chars: 32, marks: "_-" },
        ["title", "label"],
        "Name of the arm in tables and files.";
    Gate metric required in Kind::Metric,
        [],
        "Figure that the bound applies to, in every case that has it.";
    Gate at_least optional or at_most in Kind::Bound { max: 1e18 },
        ["min", "minimum"],
        "The smallest value that passes, in the metric's own unit; with \"against\" a share of the stored run's.";
    Gate at_most optional or at_least in Kind::Bound { max: 1e18 },
        ["max", "maximum"],
        "The largest value that passes, in the metric's own unit; with \"against\" a share of the stored run's.";
    Gate level default "fail" in Kind::Word(Level::WORDS),
        ["severity"],
        "Effect of an unmet bound on the exit code.";
    Gate against optional in Kind::Path,
        ["baseline", "base", "reference"],
        "The run directory of a stored run: the bound is a share of its figure for the same case.";
];
