//! Every key of the job file, once: its range, its default, whether it can be swept, and what it means.
//!
//! The parser, the defaults, the effective job, the error messages and the JSON Schema all read this table, so
//! none of them can disagree with another.

use super::key::{Absent, Key, Kind, Section};
use super::words::{Allocator, Bind, KernelName, Level, Order, SlabDesign, StoresName, Word, Workload};

/// The only schema this release reads.
pub(super) const SCHEMA: u64 = 1;
/// How many values one key can sweep over.
pub(super) const SWEEP_VALUES_MAX: usize = 256;

/// How many combinations of swept values a job can have, equal ones and those without effect counted.
pub(super) const COMBINATIONS_MAX: u64 = 4096;
/// How many repetitions all combinations together can have: at the least 1 ms each, that is 17 minutes.
pub(super) const REPETITIONS_MAX: u64 = 1_000_000;
/// How many intervals the record of one repetition can have.
pub(super) const INTERVALS_MAX: u64 = 100_000;

/// How many gates a job can have.
pub(super) const GATES_MAX: usize = 256;
/// How many arms a job can have beside its base.
pub(super) const ARMS_MAX: usize = 8;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const TIB: u64 = 1 << 40;
/// The largest number TOML promises to keep: its integers are `i64`.
const TOML_INTEGER_MAX: u64 = i64::MAX as u64;
const MILLISECOND: u64 = 1_000_000;
const MINUTE: u64 = 60_000_000_000;
const HOUR: u64 = 3_600_000_000_000;

/// What most keys are: one value, no rival. Every entry below overrides what it differs in.
const PLAIN: Key = Key {
    section: Section::Job,
    name: "",
    kind: Kind::Switch,
    absent: Absent::Nothing,
    sweep: false,
    rival: None,
    elsewhere: &[],
    about: "",
};

/// The table, in the order of the effective job.
pub(super) const KEYS: &[Key] = &[
    Key {
        name: "schema",
        kind: Kind::Count { min: SCHEMA, max: SCHEMA },
        absent: Absent::Refused,
        elsewhere: &["version"],
        about: "Version of the job file's format.",
        ..PLAIN
    },
    Key {
        name: "name",
        kind: Kind::Name { max_chars: 64, marks: "._-" },
        absent: Absent::Refused,
        elsewhere: &["title", "job"],
        about: "Names the run directory.",
        ..PLAIN
    },
    Key {
        name: "seed",
        kind: Kind::Count { min: 0, max: TOML_INTEGER_MAX },
        absent: Absent::Default("42"),
        elsewhere: &["random_seed", "rng"],
        about: "Seed of the byte stream, of the workloads' choices and of the order of cases.",
        ..PLAIN
    },
    Key {
        section: Section::Run,
        name: "warmup",
        kind: Kind::Duration { min: 0, max: HOUR },
        absent: Absent::Default("500ms"),
        elsewhere: &["ramp", "ramp_time"],
        about: "Untimed work before every repetition.",
        ..PLAIN
    },
    Key {
        section: Section::Run,
        name: "duration",
        kind: Kind::Duration { min: MILLISECOND, max: 24 * HOUR },
        absent: Absent::Default("2s"),
        rival: Some("bytes"),
        elsewhere: &["time", "runtime", "seconds", "timeout"],
        about: "Length of one repetition of a case.",
        ..PLAIN
    },
    Key {
        section: Section::Run,
        name: "bytes",
        kind: Kind::Size { min: 4 * KIB, max: 1024 * TIB, multiple: 4 * KIB },
        rival: Some("duration"),
        elsewhere: &["size", "amount", "total"],
        about: "Instead of a duration: all ranks together generate one data set of this size, which has a digest.",
        ..PLAIN
    },
    Key {
        section: Section::Run,
        name: "repetitions",
        kind: Kind::Count { min: 1, max: 10_000 },
        absent: Absent::Default("5"),
        rival: Some("stop"),
        elsewhere: &["reps", "repeat", "repeats", "iterations", "runs", "rounds", "loops"],
        about: "Timed executions of each case.",
        ..PLAIN
    },
    Key {
        section: Section::Run,
        name: "stop",
        kind: Kind::Table(Section::Stop),
        rival: Some("repetitions"),
        elsewhere: &["until", "converge", "convergence", "stopping"],
        about: "Instead of a number of repetitions: until the figures are certain enough.",
        ..PLAIN
    },
    Key {
        section: Section::Run,
        name: "order",
        kind: Kind::Word(Order::WORDS),
        absent: Absent::Default("interleaved"),
        about: "How repetitions of different cases follow each other.",
        ..PLAIN
    },
    Key {
        section: Section::Run,
        name: "interval",
        kind: Kind::Duration { min: 10 * MILLISECOND, max: HOUR },
        absent: Absent::Default("1s"),
        elsewhere: &["log_interval", "status_interval", "report_interval", "log_avg_msec"],
        about: "Length of the intervals in which the progress of a repetition is recorded.",
        ..PLAIN
    },
    Key {
        section: Section::Run,
        name: "limit",
        kind: Kind::Duration { min: 0, max: MINUTE },
        absent: Absent::Default("100ms"),
        elsewhere: &["limits", "ceiling", "roofline", "stream"],
        about: "How long the limit of a case is measured before each of its repetitions, and again after it: plain stores \
                and triad over the same pages on the same cores, all kernels together. 0ms: not at all.",
        ..PLAIN
    },
    Key {
        section: Section::Run,
        name: "aa",
        kind: Kind::Switch,
        absent: Absent::Default("false"),
        elsewhere: &["a_a", "aa_test", "null_test"],
        about: "Runs the arm \"base\" a second time as \"base-again\": the difference between the two is no difference, \
                and what this run cannot tell from none.",
        ..PLAIN
    },
    Key {
        section: Section::Run,
        name: "drop",
        kind: Kind::Table(Section::Drop),
        elsewhere: &["exclude", "discard", "outliers"],
        about: "Which repetitions are left out because something else ran on their cores; none unless it is given.",
        ..PLAIN
    },
    Key {
        section: Section::Stop,
        name: "half_width",
        kind: Kind::Share { min: 0.001, max: 0.5 },
        absent: Absent::Refused,
        elsewhere: &["precision", "accuracy", "error", "width", "ci", "min_accuracy"],
        about: "Stops when half the width of the 95 % interval of every case's rate is at most this share of the rate; \
                with arms, of every ratio.",
        ..PLAIN
    },
    Key {
        section: Section::Stop,
        name: "at_most",
        kind: Kind::Count { min: 2, max: 10_000 },
        absent: Absent::Default("40"),
        elsewhere: &["max", "repetitions", "max_repetitions"],
        about: "Repetitions of each case after which the run stops, certain or not.",
        ..PLAIN
    },
    Key {
        section: Section::Stop,
        name: "time",
        kind: Kind::Duration { min: MILLISECOND, max: 1000 * HOUR },
        elsewhere: &["timeout", "max_time", "duration"],
        about: "No round begins that would not end in this time after the first began.",
        ..PLAIN
    },
    Key {
        section: Section::Drop,
        name: "cpu_share",
        kind: Kind::Share { min: 0.0, max: 1.0 },
        elsewhere: &["cpu"],
        about: "Drops a repetition in which a worker had its processor for less than this share of the time.",
        ..PLAIN
    },
    Key {
        section: Section::Drop,
        name: "core_clock",
        kind: Kind::Share { min: 0.0, max: 1.0 },
        elsewhere: &["clock", "frequency", "throttling"],
        about: "Drops a repetition after which a worker's core was slower or faster than before it by more than this.",
        ..PLAIN
    },
    Key {
        section: Section::Drop,
        name: "steal",
        kind: Kind::Share { min: 0.0, max: 1.0 },
        about: "Drops a repetition of whose worker time the hypervisor took more than this share.",
        ..PLAIN
    },
    Key {
        section: Section::Drop,
        name: "run_delay",
        kind: Kind::Share { min: 0.0, max: 1.0 },
        elsewhere: &["delay", "schedstat"],
        about: "Drops a repetition of whose worker time more than this share was spent waiting for a processor.",
        ..PLAIN
    },
    Key {
        section: Section::Rank,
        name: "bind",
        kind: Kind::Word(Bind::WORDS),
        absent: Absent::Default("numa"),
        elsewhere: &["binding", "affinity", "pin"],
        about: "What ties a rank to a NUMA node.",
        ..PLAIN
    },
    Key {
        section: Section::Rank,
        name: "workers",
        kind: Kind::CountOr { word: "all", min: 1, max: 4096 },
        absent: Absent::Default("all"),
        sweep: true,
        elsewhere: &["threads", "cores", "cpus", "jobs", "numjobs"],
        about: "Workers of a rank, each pinned to one PU; \"all\" is one a PU of its node.",
        ..PLAIN
    },
    Key {
        section: Section::Rank,
        name: "share_nodes",
        kind: Kind::Switch,
        absent: Absent::Default("false"),
        elsewhere: &["oversubscribe", "share"],
        about: "More ranks than nodes are allowed, and split the PUs of a node.",
        ..PLAIN
    },
    Key {
        section: Section::Generate,
        name: "chunk",
        kind: Kind::Size { min: 4 * KIB, max: 64 * GIB, multiple: 4 * KIB },
        absent: Absent::Default("64MiB"),
        sweep: true,
        elsewhere: &["size", "chunk_size", "buffer"],
        about: "The unit of data handed to a consumer.",
        ..PLAIN
    },
    Key {
        section: Section::Generate,
        name: "block",
        kind: Kind::Size { min: 4 * KIB, max: 512 * MIB, multiple: 4 * KIB },
        absent: Absent::Default("4MiB"),
        sweep: true,
        elsewhere: &["bs", "blocksize", "block_size"],
        about: "The part of a chunk that one worker fills at a time; split evenly when the chunk is too small.",
        ..PLAIN
    },
    Key {
        section: Section::Generate,
        name: "kernel",
        kind: Kind::Word(KernelName::WORDS),
        absent: Absent::Default("auto"),
        sweep: true,
        elsewhere: &["isa", "simd"],
        about: "The code that fills a block; all of them make the same bytes.",
        ..PLAIN
    },
    Key {
        section: Section::Generate,
        name: "stores",
        kind: Kind::Word(StoresName::WORDS),
        absent: Absent::Default("auto"),
        sweep: true,
        elsewhere: &["store", "streaming"],
        about: "Whether a block is stored through the cache or past it.",
        ..PLAIN
    },
    Key {
        section: Section::Generate,
        name: "in_flight",
        kind: Kind::Count { min: 1, max: 64 },
        absent: Absent::Default("2"),
        sweep: true,
        elsewhere: &["depth", "iodepth", "queue_depth"],
        about: "Chunks the consumer keeps before it gives their blocks back.",
        ..PLAIN
    },
    Key {
        section: Section::Allocate,
        name: "workload",
        kind: Kind::Word(Workload::WORDS),
        absent: Absent::Default("larson"),
        sweep: true,
        elsewhere: &["pattern", "benchmark"],
        about: "The pattern of allocations and frees.",
        ..PLAIN
    },
    Key {
        section: Section::Allocate,
        name: "allocator",
        kind: Kind::Word(Allocator::WORDS),
        absent: Absent::Default("slab"),
        sweep: true,
        elsewhere: &["malloc", "heap"],
        about: "Who serves the workload.",
        ..PLAIN
    },
    Key {
        section: Section::Slab,
        name: "design",
        kind: Kind::Word(SlabDesign::WORDS),
        absent: Absent::Default("sharded"),
        about: "How slabs and caches are laid out.",
        ..PLAIN
    },
    Key {
        section: Section::Slab,
        name: "batch",
        kind: Kind::Count { min: 8, max: 512 },
        absent: Absent::Default("64"),
        sweep: true,
        elsewhere: &["refill", "magazine", "batch_size"],
        about: "Objects a cache takes in one refill, at most 256 KiB of them or one object.",
        ..PLAIN
    },
    Key {
        section: Section::Arm,
        name: "name",
        kind: Kind::Name { max_chars: 32, marks: "_-" },
        absent: Absent::Refused,
        elsewhere: &["title", "label"],
        about: "What tables and files call the arm.",
        ..PLAIN
    },
    Key {
        section: Section::Gate,
        name: "metric",
        kind: Kind::Metric,
        absent: Absent::Refused,
        about: "What is held against the bound, in every case that has it.",
        ..PLAIN
    },
    Key {
        section: Section::Gate,
        name: "at_least",
        kind: Kind::Bound { max: 1e18 },
        rival: Some("at_most"),
        elsewhere: &["min", "minimum"],
        about: "The smallest value that passes, in the metric's own unit; with \"against\" a share of the stored run's.",
        ..PLAIN
    },
    Key {
        section: Section::Gate,
        name: "at_most",
        kind: Kind::Bound { max: 1e18 },
        rival: Some("at_least"),
        elsewhere: &["max", "maximum"],
        about: "The largest value that passes, in the metric's own unit; with \"against\" a share of the stored run's.",
        ..PLAIN
    },
    Key {
        section: Section::Gate,
        name: "level",
        kind: Kind::Word(Level::WORDS),
        absent: Absent::Default("fail"),
        elsewhere: &["severity"],
        about: "What a bound that is not met does to the exit code.",
        ..PLAIN
    },
    Key {
        section: Section::Gate,
        name: "against",
        kind: Kind::Path,
        elsewhere: &["baseline", "base", "reference"],
        about: "The run directory of a stored run, of whose figure for the same case the bound is a share.",
        ..PLAIN
    },
];
