//! `[run]` with `[run.stop]` and `[run.drop]`.

use super::super::key::{Absent, Key, Kind, Section};
use super::super::words::Order;
use super::{HOUR, KIB, MILLISECOND, MINUTE, TIB};
use crate::word::Word;

pub(super) const KEYS: &[Key] = &[
    Key {
        section: Section::Run,
        name: "warmup",
        kind: Kind::Duration { min: 0, max: HOUR },
        absent: Absent::Default("500ms"),
        elsewhere: &["ramp", "ramp_time"],
        about: "Untimed work before every repetition.",
        ..Key::PLAIN
    },
    Key {
        section: Section::Run,
        name: "duration",
        kind: Kind::Duration { min: MILLISECOND, max: 24 * HOUR },
        absent: Absent::Default("2s"),
        rival: Some("bytes"),
        elsewhere: &["time", "runtime", "seconds", "timeout"],
        about: "Length of one repetition of a case.",
        ..Key::PLAIN
    },
    Key {
        section: Section::Run,
        name: "bytes",
        kind: Kind::Size { min: 4 * KIB, max: 1024 * TIB, multiple: 4 * KIB },
        rival: Some("duration"),
        elsewhere: &["size", "amount", "total"],
        about: "Instead of a duration: all ranks together generate one data set of this size, which has a digest.",
        ..Key::PLAIN
    },
    Key {
        section: Section::Run,
        name: "repetitions",
        kind: Kind::Count { min: 1, max: 10_000 },
        absent: Absent::Default("5"),
        rival: Some("stop"),
        elsewhere: &["reps", "repeat", "repeats", "iterations", "runs", "rounds", "loops"],
        about: "Timed executions of each case.",
        ..Key::PLAIN
    },
    Key {
        section: Section::Run,
        name: "stop",
        kind: Kind::Table(Section::Stop),
        rival: Some("repetitions"),
        elsewhere: &["until", "converge", "convergence", "stopping"],
        about: "Instead of a number of repetitions: until the figures are certain enough.",
        ..Key::PLAIN
    },
    Key {
        section: Section::Run,
        name: "order",
        kind: Kind::Word(Order::WORDS),
        absent: Absent::Default("interleaved"),
        about: "How repetitions of different cases follow each other.",
        ..Key::PLAIN
    },
    Key {
        section: Section::Run,
        name: "interval",
        kind: Kind::Duration { min: 10 * MILLISECOND, max: HOUR },
        absent: Absent::Default("1s"),
        elsewhere: &["log_interval", "status_interval", "report_interval", "log_avg_msec"],
        about: "Length of the intervals in which the progress of a repetition is recorded.",
        ..Key::PLAIN
    },
    Key {
        section: Section::Run,
        name: "limit",
        kind: Kind::Duration { min: 0, max: MINUTE },
        absent: Absent::Default("100ms"),
        elsewhere: &["limits", "ceiling", "roofline", "stream"],
        about: "How long the limit of a case is measured before each of its repetitions, and again after it: plain stores \
                and triad over the same pages on the same cores, all kernels together. 0ms: not at all.",
        ..Key::PLAIN
    },
    Key {
        section: Section::Run,
        name: "aa",
        kind: Kind::Switch,
        absent: Absent::Default("false"),
        elsewhere: &["a_a", "aa_test", "null_test"],
        about: "Runs the arm \"base\" a second time as \"base-again\": the difference between the two is no difference, \
                and what this run cannot tell from none.",
        ..Key::PLAIN
    },
    Key {
        section: Section::Run,
        name: "drop",
        kind: Kind::Table(Section::Drop),
        elsewhere: &["exclude", "discard", "outliers"],
        about: "Which repetitions are left out because something else ran on their cores; none unless it is given.",
        ..Key::PLAIN
    },
    Key {
        section: Section::Stop,
        name: "half_width",
        kind: Kind::Share { min: 0.001, max: 0.5 },
        absent: Absent::Refused,
        elsewhere: &["precision", "accuracy", "error", "width", "ci", "min_accuracy"],
        about: "Stops when half the width of the 95 % interval of every case's rate is at most this share of the rate; \
                with arms, of every ratio.",
        ..Key::PLAIN
    },
    Key {
        section: Section::Stop,
        name: "at_most",
        kind: Kind::Count { min: 2, max: 10_000 },
        absent: Absent::Default("40"),
        elsewhere: &["max", "repetitions", "max_repetitions"],
        about: "Repetitions of each case after which the run stops, certain or not.",
        ..Key::PLAIN
    },
    Key {
        section: Section::Stop,
        name: "time",
        kind: Kind::Duration { min: MILLISECOND, max: 1000 * HOUR },
        elsewhere: &["timeout", "max_time", "duration"],
        about: "No round begins that would not end in this time after the first began.",
        ..Key::PLAIN
    },
    Key {
        section: Section::Drop,
        name: "cpu_share",
        kind: Kind::Share { min: 0.0, max: 1.0 },
        elsewhere: &["cpu"],
        about: "Drops a repetition in which a worker had its processor for less than this share of the time.",
        ..Key::PLAIN
    },
    Key {
        section: Section::Drop,
        name: "core_clock",
        kind: Kind::Share { min: 0.0, max: 1.0 },
        elsewhere: &["clock", "frequency", "throttling"],
        about: "Drops a repetition after which a worker's core was slower or faster than before it by more than this.",
        ..Key::PLAIN
    },
    Key {
        section: Section::Drop,
        name: "steal",
        kind: Kind::Share { min: 0.0, max: 1.0 },
        about: "Drops a repetition of whose worker time the hypervisor took more than this share.",
        ..Key::PLAIN
    },
    Key {
        section: Section::Drop,
        name: "run_delay",
        kind: Kind::Share { min: 0.0, max: 1.0 },
        elsewhere: &["delay", "schedstat"],
        about: "Drops a repetition of whose worker time more than this share was spent waiting for a processor.",
        ..Key::PLAIN
    },
];
