//! `[[arm]]` and `[[gate]]`.

use super::super::key::{Absent, Key, Kind, Section};
use crate::record::run::Level;
use crate::word::Word;

pub(super) const KEYS: &[Key] = &[
    Key {
        section: Section::Arm,
        name: "name",
        kind: Kind::Name { max_chars: 32, marks: "_-" },
        absent: Absent::Refused,
        elsewhere: &["title", "label"],
        about: "What tables and files call the arm.",
        ..Key::PLAIN
    },
    Key {
        section: Section::Gate,
        name: "metric",
        kind: Kind::Metric,
        absent: Absent::Refused,
        about: "What is held against the bound, in every case that has it.",
        ..Key::PLAIN
    },
    Key {
        section: Section::Gate,
        name: "at_least",
        kind: Kind::Bound { max: 1e18 },
        rival: Some("at_most"),
        elsewhere: &["min", "minimum"],
        about: "The smallest value that passes, in the metric's own unit; with \"against\" a share of the stored run's.",
        ..Key::PLAIN
    },
    Key {
        section: Section::Gate,
        name: "at_most",
        kind: Kind::Bound { max: 1e18 },
        rival: Some("at_least"),
        elsewhere: &["max", "maximum"],
        about: "The largest value that passes, in the metric's own unit; with \"against\" a share of the stored run's.",
        ..Key::PLAIN
    },
    Key {
        section: Section::Gate,
        name: "level",
        kind: Kind::Word(Level::WORDS),
        absent: Absent::Default("fail"),
        elsewhere: &["severity"],
        about: "What a bound that is not met does to the exit code.",
        ..Key::PLAIN
    },
    Key {
        section: Section::Gate,
        name: "against",
        kind: Kind::Path,
        elsewhere: &["baseline", "base", "reference"],
        about: "The run directory of a stored run, of whose figure for the same case the bound is a share.",
        ..Key::PLAIN
    },
];
