//! `numamark schema job` against the parser: an editor that follows the schema and the parser must agree.

use numamark::job::{Job, schema};
use serde_json::Value;

use crate::catalogue::catalogue;
use crate::validator::violations;

/// Mistakes that only the parser can refuse: arithmetic on units, and rules over several keys.
const BEYOND_THE_SCHEMA: [&str; 74] = [
    "a size that is too small",
    "a size that is too large",
    "a size off the grid",
    "a duration that is too long",
    "a duration that is too short",
    "a size with a fraction of a byte",
    "a value listed twice",
    "an amount of data and a workload without data",
    "an amount that is not whole chunks",
    "more intervals than a repetition can keep",
    "an amount smaller than the default chunk",
    "a gate that no case can meet",
    "a gate on refills without the slab allocator",
    "a share in per cent",
    "per cent of what is no share",
    "a share in more than all per cent",
    "a bound of many times a stored run",
    "stragglers against a stored run",
    "a share of a limit that is not measured",
    "a range of too many values",
    "a range that goes down",
    "a range that leaves the grid",
    "a range that repeats a value of its list",
    "a range whose end is out of range",
    "lists that multiply beyond all patience",
    "more repetitions than anybody waits for",
    "so many repetitions that nobody waits for them, at most",
    "a share that is too small",
    "two arms of one name",
    "two arms that set the same",
    "an arm that sets a default",
    "an arm that sets what the job has",
    "an arm that sets what the job sweeps",
    "an arm for a workload that the job does not run",
    "an arm whose chunk does not divide the data set",
    "arms that multiply sweeps beyond all patience",
    "a data set of many streams",
    "a data set whose arm has many streams",
    "a data set whose copies are each host's own",
    "a data set whose copies are each rank's own",
    "a distance off the grid",
    "a fraction of nothing",
    "a fraction upside down",
    "a granule that does not fit its unit",
    "a granule that does not fit the unit that is usual",
    "a granule that is too small",
    "a range of granules that leaves the powers of two",
    "a ratio listed twice",
    "a ratio of too many decimals",
    "a ratio that no granule reaches",
    "a ratio that a compressor does not reach in a small granule",
    "a ratio that is within reach of some compressors",
    "a gate on what nobody checks",
    "a unit that is no power of two",
    "a unit that is too large",
    "copies nearer than the unit of an arm",
    "copies nearer than their unit",
    "more streams than pages",
    "a list of sizes with one of them twice",
    "an arm that sets a key of another workload",
    "arrivals of workers that have no time of their own",
    "an arm whose workload does not use a key of the job",
    "live objects of a workload that is the default",
    "sizes beyond a superslab",
    "sizes of nothing",
    "sizes that go down",
    "slots of a workload that has none",
    "slots that one of several workloads does not use",
    "a gate on latencies of a closed loop",
    "hardening of a job without a pattern of allocations",
    "hardening of an arm without a pattern of allocations",
    "hardening of an allocator that has none",
    "work in the background of a job without a pattern of allocations",
    "work in the background of an allocator that is not ours",
];

fn parsed_schema() -> Value {
    serde_json::from_str(&schema()).expect("the schema is JSON")
}

#[test]
fn the_schema_refuses_what_the_parser_refuses() {
    let schema = parsed_schema();
    let mut beyond = Vec::new();
    for (_, examples) in catalogue() {
        for example in examples.into_iter().filter(|example| example.settings.is_empty()) {
            let Ok(value) = toml::from_str::<Value>(&example.text) else { continue };
            if violations(&schema, &value, "").is_empty() {
                beyond.push(example.title);
            }
        }
    }
    beyond.sort_unstable();
    let mut expected = BEYOND_THE_SCHEMA.to_vec();
    expected.sort_unstable();
    assert_eq!(beyond, expected);
}

#[test]
fn the_schema_accepts_every_effective_job() {
    let schema = parsed_schema();
    let jobs = [
        "schema = 1\nname = \"x\"\n[generate]\n",
        "schema = 1\nname = \"x\"\n[allocate]\nallocator = [\"slab\", \"system\"]\n[rank]\nworkers = [1, \"all\"]\n",
        "schema = 1\nname = \"x\"\n[rank]\nworkers = [\"1..8*2\", \"all\"]\n[generate]\nblock = \"1 MiB .. 9MiB + 4MiB\"\n\
         in_flight = \"1..9+2\"\n",
        "schema = 1\nname = \"x\"\n[run]\nbytes = \"1.5 GiB\"\n[generate]\nchunk = [\"64MiB\", \"4KiB\"]\n\
         [[gate]]\nmetric = \"locality\"\nat_least = 1\n[[gate]]\nmetric = \"refill_stage_ns.carve.p999\"\nat_most = 5e3\n",
        "schema = 1\nname = \"x\"\n[run]\nlimit = \"0ms\"\naa = true\nstop = { half_width = \"2.5 %\", time = \"10m\" }\n\
         [run.drop]\ncpu_share = 0.97\ncore_clock = \"2%\"\nsteal = 0\n[generate]\n[allocate]\n\
         [[arm]]\nname = \"one\"\nslab.batch = 128\nrank.workers = 1\ngenerate.stores = \"ordinary\"\n\
         [[arm]]\nname = \"other\"\n[arm.allocate]\nallocator = \"system\"\n",
        "schema = 1\nname = \"x\"\n[run]\nbytes = \"1GiB\"\n[generate]\ndedup = [1, 2]\nscope = \"all\"\n",
        "schema = 1\nname = \"x\"\n[generate]\ndedup = [1, 1.5, \"10/3\"]\nunit = \"4KiB..64KiB*2\"\nscope = [\"rank\", \"all\"]\n\
         distance = [\"auto\", \"8MiB..32MiB*2\"]\ncompress = 2\ngranule = [\"512B\", \"4KiB\"]\ncheck = true\nstreams = \"1..64*4\"\n\
         consumer = \"copy\"\npool = [\"kept\", \"per-chunk\"]\n[[arm]]\nname = \"more\"\ngenerate.memory = \"fresh\"\n",
    ];
    for text in jobs {
        let job = Job::parse(text, "job.toml", &[]).expect("it is a job");
        for text in [text, job.effective()] {
            let value: Value = toml::from_str(text).expect("it is TOML");
            assert_eq!(violations(&schema, &value, ""), Vec::<String>::new(), "{text}");
        }
    }
}

/// Writing out every default that the schema names changes nothing.
#[test]
fn the_defaults_of_the_schema_are_those_of_the_parser() {
    let schema = parsed_schema();
    let minimal = "schema = 1\nname = \"x\"\n[generate]\n[allocate]\n";
    let mut written = String::from("schema = 1\nname = \"x\"\n");
    let mut count = 0;
    let sections = schema["properties"].as_object().expect("sections and keys");
    let top = sections.iter().filter(|(_, field)| field.get("properties").is_none());
    let defaults = top.filter_map(|(key, field)| Some((key, field.get("default")?)));
    for (key, default) in defaults {
        written += &format!("{key} = {default}\n");
        count += 1;
    }
    for (name, section) in sections {
        let Some(fields) = section.get("properties").and_then(Value::as_object) else { continue };
        written += &format!("[{name}]\n");
        for (key, default) in fields.iter().filter_map(|(key, field)| Some((key, field.get("default")?))) {
            written += &format!("{key} = {default}\n");
            count += 1;
        }
    }
    let parse =
        |text: &str| Job::parse(text, "job.toml", &[]).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(parse(&written), parse(minimal));
    assert!(count >= 31, "{count} defaults\n{written}");
}

#[test]
fn every_key_of_the_schema_says_what_it_means() {
    let schema = parsed_schema();
    let sections = schema["properties"].as_object().expect("sections and keys");
    for (name, section) in sections {
        let fields = section.get("items").unwrap_or(section);
        assert!(fields["description"].as_str().is_some_and(|about| about.len() > 10), "{name}");
        for (key, field) in fields.get("properties").and_then(Value::as_object).into_iter().flatten() {
            assert!(
                field["description"].as_str().is_some_and(|about| about.contains("Accepted: ")),
                "{name}.{key}"
            );
        }
    }
}
