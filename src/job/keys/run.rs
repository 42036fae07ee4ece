//! `[run]` with `[run.stop]` and `[run.drop]`.

use super::super::key::{Key, Kind, Section, keys};
use super::super::words::Order;
use super::{HOUR, KIB, MILLISECOND, MINUTE, TIB};
use crate::word::Word;

pub(super) const KEYS: &[Key] = keys![
    Run warmup default "500ms" in Kind::Duration { min: 0, max: HOUR },
        ["ramp", "ramp_time"],
        "Untimed work before every repetition.";
    Run duration default "2s" or bytes in Kind::Duration { min: MILLISECOND, max: 24 * HOUR },
        ["time", "runtime", "seconds", "timeout"],
        "Length of one repetition of a case.";
    Run bytes optional or duration in Kind::Size { min: 4 * KIB, max: 1024 * TIB, multiple: 4 * KIB },
        ["size", "amount", "total"],
        "Instead of a duration: all ranks together generate one data set of this size, which has a digest.";
    Run repetitions default "5" or stop in Kind::Count { min: 1, max: 10_000 },
        ["reps", "repeat", "repeats", "iterations", "runs", "rounds", "loops"],
        "Timed executions of each case.";
    Run stop optional or repetitions in Kind::Table(Section::Stop),
        ["until", "converge", "convergence", "stopping"],
        "Instead of a number of repetitions: until the figures are certain enough.";
    Run order default "interleaved" in Kind::Word(Order::WORDS),
        [],
        "Order of the repetitions of different cases.";
    Run interval default "1s" in Kind::Duration { min: 10 * MILLISECOND, max: HOUR },
        ["log_interval", "status_interval", "report_interval", "log_avg_msec"],
        "Length of the intervals in which the progress of a repetition is recorded.";
    Run limit default "100ms" in Kind::Duration { min: 0, max: MINUTE },
        ["limits", "ceiling", "roofline", "stream"],
        "Time for measuring the limit of a case before each repetition, and again after it: plain stores and \
         triad (a = b + s c) over the same pages on the same cores, all loops together. 0ms: not at all.";
    Run aa default "false" in Kind::Switch,
        ["a_a", "aa_test", "null_test"],
        "Runs the arm \"base\" a second time as \"base-again\": the difference between the two shows the smallest \
         difference that this run can see.";
    Run drop optional in Kind::Table(Section::Drop),
        ["exclude", "discard", "outliers"],
        "Rule that leaves out repetitions because something else ran on their cores; none unless it is given.";
    Stop half_width required in Kind::Share { min: 0.001, max: 0.5 },
        ["precision", "accuracy", "error", "width", "ci", "min_accuracy"],
        "Stops when half the width of the 95 % confidence interval of every case's rate is at most this share of the rate; \
         with arms, of every ratio.";
    Stop at_most default "40" in Kind::Count { min: 2, max: 10_000 },
        ["max", "repetitions", "max_repetitions"],
        "Repetitions of each case after which the run stops, certain or not.";
    Stop time optional in Kind::Duration { min: MILLISECOND, max: 1000 * HOUR },
        ["timeout", "max_time", "duration"],
        "The run stops before a round (one repetition of every case) that would end later than this after the first began.";
    Drop cpu_share optional in Kind::Share { min: 0.0, max: 1.0 },
        ["cpu"],
        "Drops a repetition when a worker had its processor for less than this share of the time.";
    Drop core_clock optional in Kind::Share { min: 0.0, max: 1.0 },
        ["clock", "frequency", "throttling"],
        "Drops a repetition when the clock of a worker's core changed by more than this during it.";
    Drop steal optional in Kind::Share { min: 0.0, max: 1.0 },
        [],
        "Drops a repetition when the hypervisor took more than this share of its worker time.";
    Drop run_delay optional in Kind::Share { min: 0.0, max: 1.0 },
        ["delay", "schedstat"],
        "Drops a repetition when its workers waited for a processor for more than this share of their time.";
];
