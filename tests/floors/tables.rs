//! What the laws compare the source with. The floors themselves stand in `src/lib.rs`, where readers look first.

/// Where each dependency may be named: one module each, so that above it only our own words appear.
/// A place is a file, or a directory with a slash at its end, below `src/`.
pub const ROOMS: &[(&str, &[&str])] = &[
    ("allocator_api2", &["slab/collection.rs"]),
    ("base64", &["measure/log.rs"]),
    ("clap", &["cli/", "main.rs"]),
    ("clap_complete", &["cli/"]),
    ("clap_mangen", &["cli/man.rs"]),
    ("comfy_table", &["report/"]),
    ("csv", &["report/tidy.rs"]),
    ("dgen_data", BENCHES_ONLY),
    ("hdrhistogram", &["measure/histogram.rs", "measure/log.rs"]),
    ("hwlocality", &["numa/hwloc.rs"]),
    ("console", &["cli/screen.rs"]),
    ("indicatif", &["cli/progress/"]),
    ("libc", ANYWHERE),
    ("libm", &["stats/"]),
    ("libmimalloc_sys", &["workload/allocate/peer/"]),
    ("loom", ANYWHERE),
    ("lz4", &["generator/compressor.rs"]),
    ("mpi", &["comm/wire/mpi.rs"]),
    ("parquet", &["results/samples/table/"]),
    ("rayon", &["rank/"]),
    ("rpmalloc_sys", &["workload/allocate/peer/"]),
    ("schemars", &["compare/", "environment/", "job/", "metric/", "record/"]),
    ("serde", ANYWHERE),
    ("serde_json", &["compare/", "environment/tests.rs", "record/", "results/"]),
    ("signal_hook", &["comm/"]),
    ("snmalloc_sys", &["workload/allocate/peer/"]),
    ("strsim", &["job/"]),
    ("tikv_jemalloc_sys", &["workload/allocate/peer/"]),
    ("toml", &["job/"]),
    ("xxhash_rust", &["hash.rs"]),
    ("zstd", &["generator/compressor.rs"]),
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
    // The interface of malloc and free is raw memory.
    "workload/allocate/peer/",
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
pub const CAST_FREE: [&str; 4] = ["aggregate/", "comm/", "record/", "slab/"];

/// Names of types that several rooms have, and the reason, which names the rooms. A name that has come down to one
/// room must leave this list; a new one needs a reason here.
pub const NAMES_OF_SEVERAL_ROOMS: &[(&str, &str)] = &[
    (
        "Amount",
        "The end of a repetition: `job` has the key as it is written, `workload` the part of it that is this rank's.",
    ),
    (
        "Better",
        "`stats` knows no file format and stands on the floor of `metric`, whose enum is written to `run.json`.",
    ),
    (
        "Coincidence",
        "`stats` counts it; `record` has its written form, with the names of the noise and of the case.",
    ),
    ("ConfidenceInterval", "`stats` computes it and knows no file format; `record` has its written form."),
    (
        "Gate",
        "`job` has the gate as asked for; `record` has its written form, with the figures of the stored run.",
    ),
    (
        "Run",
        "`job` names each section's type after its key, here `[run]`; `record` has the whole of `run.json`.",
    ),
    (
        "Scope",
        "`stats` knows hosts only; `record` has the written form, which a comparison of runs widens to processes.",
    ),
    (
        "Stratum",
        "The term of sampling: `slab` records a stratum of refills, `stats` borrows its counters for a quantile.",
    ),
];
