//! What the laws compare the source with. The floors themselves stand in `src/lib.rs`, where readers look first.

/// Where each dependency may be named: one module each, so that above it only our own words appear.
/// A place is a file, or a directory with a slash at its end, below `src/`.
pub const ROOMS: &[(&str, &[&str])] = &[
    ("base64", &["measure/log.rs"]),
    ("clap", &["cli/", "main.rs"]),
    ("clap_complete", &["cli/"]),
    ("comfy_table", &["report/"]),
    ("csv", &["report/tidy.rs"]),
    ("dgen_data", BENCHES_ONLY),
    ("hdrhistogram", &["measure/histogram.rs", "measure/log.rs"]),
    ("hwlocality", &["numa/hwloc.rs"]),
    ("indicatif", &["cli/progress/"]),
    ("libc", ANYWHERE),
    ("libm", &["stats/"]),
    ("libmimalloc_sys", BENCHES_ONLY),
    ("loom", ANYWHERE),
    ("lz4", &["generator/codec.rs"]),
    ("mpi", &["comm/wire/mpi.rs"]),
    ("parquet", &["results/samples/table/"]),
    ("rayon", &["rank/"]),
    ("schemars", &["compare/", "environment/", "job/", "metric/", "record/"]),
    ("serde", ANYWHERE),
    ("serde_json", &["compare/", "environment/tests.rs", "record/", "results/"]),
    ("signal_hook", &["comm/"]),
    ("snmalloc_sys", BENCHES_ONLY),
    ("strsim", &["job/"]),
    ("thiserror", ANYWHERE),
    ("toml", &["job/"]),
    ("xxhash_rust", &["hash.rs"]),
    ("zstd", &["generator/codec.rs"]),
];

/// Peers that are measured, never shipped: not below `src/`.
const BENCHES_ONLY: &[&str] = &[];

/// System calls, derives and the model checker cannot stay in one room.
const ANYWHERE: &[&str] = &[""];

/// The only places that may contain `unsafe`.
pub const UNSAFE: [&str; 9] = [
    "comm/wire/mpi.rs",
    "generator/kernel/",
    "measure/clock.rs",
    "measure/noise/thread.rs",
    "numa/",
    "slab/",
    // The C library's allocator hands out raw memory.
    "workload/allocate/peer/system.rs",
    // Bytes that were written are read as bytes.
    "workload/generate/written.rs",
    "workload/limit/",
];

/// The only places that print or end the process: the command line, and `comm`, which has to when a rank cannot
/// return to it (a panic, a hung rank, an abort).
pub const VOICES: [&str; 3] = ["cli/", "comm/", "main.rs"];

/// What prints or ends the process.
pub const SPEECH: [&str; 7] = ["abort", "dbg", "eprint", "eprintln", "exit", "print", "println"];

/// Names that say nothing about what is inside.
pub const EMPTY_NAMES: [&str; 9] =
    ["common", "helper", "helpers", "manager", "misc", "prelude", "types", "util", "utils"];

/// Longer files have two purposes.
pub const LINES_MAX: usize = 400;

/// `main.rs` only calls the library.
pub const MAIN_LINES_MAX: usize = 40;

/// Folders that only one machine has. Written in two halves, so that this file passes its own law.
pub const HOMES: [&str; 5] = [
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/Us", "ers/"),
    concat!("/wo", "rk/"),
    concat!("/mn", "t/"),
];

/// A longer function does not fit a screen.
pub const FUNCTION_LINES_MAX: usize = 70;

/// Rooms without `as` between integers: a number that does not fit would be a wrong result, or a stray pointer.
pub const CAST_FREE: [&str; 3] = ["aggregate/", "comm/", "record/"];

/// Names of types that several rooms have, with the rooms. A name that has come down to one room must leave this
/// list; a new one needs a reason here.
pub const NAMES_OF_SEVERAL_ROOMS: &[(&str, &str)] = &[
    ("Against", "record and report"),
    ("Amount", "job and workload"),
    ("Asked", "compare and plan"),
    ("Better", "metric and stats"),
    ("Coincidence", "record and stats"),
    ("Column", "metric and report and results"),
    ("Counters", "aggregate and measure"),
    ("Expected", "plan and record"),
    ("Extent", "metric and report and workload"),
    ("Facts", "environment and metric"),
    ("Found", "job and workload"),
    ("Gate", "job and record"),
    ("Grid", "report and stats"),
    ("Header", "job and record"),
    ("Interval", "measure and record and stats"),
    ("Kind", "comm and job and results"),
    ("Line", "record and report"),
    ("Locality", "numa and record"),
    ("Outcome", "rank and record"),
    ("Packed", "aggregate and slab"),
    ("Place", "job and rank and slab"),
    ("Pool", "rank and slab"),
    ("Progress", "rank and workload"),
    ("Reading", "environment and report"),
    ("Refusal", "compare and job"),
    ("Request", "numa and rank"),
    ("Run", "job and record"),
    ("Sample", "results and workload"),
    ("Scope", "record and stats"),
    ("Seat", "plan and rank"),
    ("Share", "units and workload"),
    ("Source", "job and measure and rank and workload"),
    ("Standing", "environment and numa and report and results"),
    ("Step", "rank and workload"),
    ("Stop", "comm and record"),
    ("Stratum", "slab and stats"),
    ("Stretch", "slab and workload"),
    ("Table", "job and slab"),
    ("Timing", "slab and workload"),
    ("Turn", "plan and results"),
    ("Watch", "rank and workload"),
    ("Watched", "stats and workload"),
    ("Workers", "job and rank"),
    ("World", "comm and workload"),
];
