//! Whatever is fed to the parser, it answers with a job or with a message that can be printed.

use numamark::error::{Error, ExitCode};
use numamark::job::{Job, Setting, decode};
use proptest::prelude::*;

const QUICK: &str = include_str!("../../jobs/quick.toml");

/// A job, or a message with a position and without anything that a terminal would obey.
fn answers(text: &str, settings: &[Setting]) {
    let error = match Job::parse(text, "job.toml", settings) {
        Ok(job) => {
            let effective = job.effective();
            assert_eq!(Job::parse(effective, "effective", &[]).expect("an effective job is a job"), job);
            return;
        }
        Err(error) => error,
    };
    assert_eq!(error.exit_code(), ExitCode::Usage);
    let message = error.to_string();
    assert!(message.starts_with("job.toml:") || message.starts_with("--set, column "), "{message}");
    assert!(message.contains('^'), "{message}");
    assert!(!message.contains(|c: char| c.is_control() && c != '\n'), "{message:?}");
    assert!(message.lines().all(|line| line.chars().count() < 400), "{message}");
}

/// Values as people type them, and nonsense.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,12}",
        "\\PC{0,8}",
        any::<i64>().prop_map(|n| n.to_string()),
        any::<f64>().prop_map(|n| n.to_string()),
        "[0-9]{1,40}(\\.[0-9]{1,30})?(B|KiB|MiB|GiB|TiB|ns|us|ms|s|m|h)",
        "\\[[\"0-9A-Za-z, ]{0,20}\\]",
        "[0-9]{1,9}(\\.[0-9]{1,9}|/[0-9]{1,9})?",
        Just("\u{1b}[31mred\u{202e}".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn any_text_gets_an_answer(text in "(?s).{0,200}") {
        answers(&text, &[]);
    }

    #[test]
    fn a_job_with_one_stretch_replaced_gets_an_answer(
        start in 0..QUICK.len(), length in 0usize..40, middle in "[\\PC\n\"=\\[\\]{}.#]{0,12}",
    ) {
        let end = (start + length).min(QUICK.len());
        answers(&format!("{}{middle}{}", &QUICK[..start], &QUICK[end..]), &[]);
    }

    #[test]
    fn any_value_at_any_key_gets_an_answer(
        section in prop::sample::select(vec![
            "", "[run]", "[run.stop]", "[run.drop]", "[rank]", "[generate]", "[allocate]", "[slab]", "[[arm]]", "[[gate]]",
        ]),
        key in prop::sample::select(vec![
            "schema", "name", "seed", "warmup", "duration", "bytes", "repetitions", "order", "bind", "workers",
            "share_nodes", "chunk", "block", "kernel", "stores", "in_flight", "workload", "allocator", "slots", "live", "sizes", "arrivals", "design",
            "batch", "metric", "at_least", "at_most", "level", "other", "stop", "drop", "limit", "aa", "half_width", "time",
            "cpu_share", "steal", "slab.batch", "rank.workers", "generate.chunk", "slab", "dedup", "unit", "scope", "distance", "compress", "granule", "codec",
            "check", "streams", "consumer", "generate.dedup", "hardening", "background",
        ]),
        value in value(),
    ) {
        let rest = "schema = 1\nname = \"x\"\n";
        let job = if section == "[generate]" { "" } else { "[generate]\n" };
        answers(&format!("{rest}{section}\n{key} = {value}\n{job}"), &[]);
        answers(&format!("{rest}{section}\n{key} = '{value}'\n{job}"), &[]);
        let path = section.trim_matches(['[', ']']);
        answers(QUICK, &[Setting::new(format!("{path}.{key}={value}"))]);
    }

    #[test]
    fn any_argument_gets_an_answer(argument in "(?s).{0,60}", path in "[a-z_.=0-9]{0,20}") {
        answers(QUICK, &[Setting::new(argument.clone())]);
        answers(QUICK, &[Setting::new(path), Setting::new(argument)]);
    }

    #[test]
    fn any_bytes_get_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        match decode(&bytes, "job.toml") {
            Ok(text) => answers(text, &[]),
            Err(Error::Job(message)) => prop_assert!(message.starts_with("job.toml:1:") || message.contains("^")),
            Err(other) => panic!("{other}"),
        }
    }
}

/// A mebibyte of mistakes is answered as fast as a job that is right.
#[test]
fn a_large_file_of_mistakes_is_answered_in_linear_time() {
    let line = ["a = 1\n", "chunk = [\n", "= = =\n", "[generate]\n", "x = \"\n", "[[gate]]\nq = [[[[1]]]]\n"];
    for line in line {
        answers(&line.repeat((1 << 20) / line.len()), &[]);
    }
    let keys: String = (0..100_000).map(|index| format!("k{index} = 1\n")).collect();
    answers(&keys, &[]);
}
