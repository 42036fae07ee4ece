//! Comparisons end to end: runs whose speed is known, made up as ranks would leave them.

use std::path::{Path, PathBuf};

use numamark::aggregate::arms::DIFFERENCE;
use numamark::compare::{Compared, ComparisonRequest};
use numamark::compare::{compare_arms, compare_runs};
use numamark::mix::{Random, mix_words};
use numamark::record::run::Outcome;
use numamark::record::run::{Comparison, Replicated, Scope, Verdict};
use numamark::record::{Begin, Header, Parameter};
use numamark::report;
use numamark::report::Detail;
use numamark::results::verify;

use crate::fixture::Folder;
use crate::known_speed::{Made, made};
use crate::table::assert_fits;

/// The row of the rate of a case.
pub fn rate<'a>(compared: &'a Compared, case: &str, candidate: &str) -> &'a Comparison {
    let rows = compared.comparisons.iter();
    let mut found = rows.filter(|row| (row.case.as_str(), row.candidate.as_str()) == (case, candidate));
    found.find(|row| row.metric.ends_with("per_s")).unwrap_or_else(|| panic!("no {case}, {candidate}"))
}

pub fn asked<P: AsRef<Path>, Q: AsRef<Path>>(base: &[P], candidate: &[Q]) -> ComparisonRequest {
    let base = base.iter().map(|path| path.as_ref().to_owned()).collect();
    let candidate = candidate.iter().map(|path| path.as_ref().to_owned()).collect();
    ComparisonRequest { base, candidate, difference: DIFFERENCE, force: false }
}

/// The cases of the fixture, each in these arms.
pub fn with_arms(header: &mut Header, arms: &[&str]) {
    let plain = std::mem::take(&mut header.planned);
    for case in plain {
        header.planned.extend(arms.iter().map(|arm| {
            let mut of_arm = case.clone();
            of_arm.id = format!("{}.arm={arm}", case.id);
            of_arm.arm = Some((*arm).to_owned());
            of_arm.compared_as = Some(case.id.clone());
            if *arm == "batch-8" && case.parameters.contains_key("batch") {
                of_arm.parameters.insert("batch".to_owned(), Parameter::Number(8));
            }
            of_arm
        }));
    }
}

#[test]
fn arms_are_paired_judged_and_proved() {
    let folder = Folder::new("compare-arms");
    let speed = |case: &str| match case {
        "larson-1.arm=batch-8" => 1.06,
        "generate-1.arm=batch-8" => 0.93,
        _ => 1.0,
    };
    let run = Made {
        ranks: 4,
        rounds: 10,
        proved: true,
        speed: &speed,
        header: &|header| with_arms(header, &["base", "base-again", "batch-8"]),
        ..made(51)
    };
    let path = run.write(&folder.join("run"));
    verify(&path).expect("comparisons follow from the parts");
    let compared = compare_arms(&path, DIFFERENCE, false).expect("a run with arms");
    for (case, ratio, verdict) in [("larson-1", 1.06, Verdict::Faster), ("generate-1", 0.93, Verdict::Slower)]
    {
        let row = rate(&compared, case, "batch-8");
        assert!((row.ratio.expect("pairs") / ratio - 1.0).abs() < 0.003, "{row:?}");
        let confidence = row.confidence.expect("ten rounds");
        assert!(confidence.low < ratio && ratio < confidence.high && confidence.level == 0.95, "{row:?}");
        assert_eq!((row.verdict, row.scope), (verdict, Some(Scope::TheseHosts)), "{row:?}");
        assert_eq!((row.hosts, row.nodes, row.rounds, row.pairs), (2, 4, 10, 40));
        assert_eq!((row.replicated, row.replicates, row.runs), (Replicated::Round, 10, 1));
        assert!(row.p_adjusted.expect("a test") >= row.p.expect("a test"), "{row:?}");
        let floor = row.floor.expect("the base was measured twice");
        assert!(!floor.unstable && (floor.ratio - 1.0).abs() < 0.003, "{floor:?}");
        let again = rate(&compared, case, "base-again");
        assert_eq!((again.same, again.verdict), (true, Verdict::NoDifference), "{again:?}");
        assert_eq!(again.floor, None, "the yardstick is not held against itself");
    }
    // Both arms have the same made-up refill share, so the possible gain is reported beside the measured one.
    let [gain] = compared.projections.as_slice() else { panic!("{:?}", compared.projections) };
    assert_eq!((gain.case.as_str(), gain.candidate.as_str()), ("larson-1", "batch-8"));
    assert!((gain.projected - (1.0 / (1.0 - gain.refill_share) - 1.0)).abs() < 1e-12, "{gain:?}");
    assert_eq!(gain.measured, rate(&compared, "larson-1", "batch-8").ratio.expect("pairs") - 1.0);
    let text = report::compared(&compared, Detail::Summary);
    for line in [
        "B: batch-8 (batch 64 -> 8)",
        "; without them ",
        ": the same arm twice differs by ",
        "shown by: 2 workloads",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    // With a difference of interest of 10 % these arms are alike, however certain their difference is.
    let coarse = compare_arms(&path, 0.1, false).expect("a run with arms");
    assert_eq!(rate(&coarse, "larson-1", "batch-8").verdict, Verdict::NoDifference);
}

/// Two processes of one job differ by up to 6 %, their rounds by 0.2 %.
#[test]
fn one_run_a_side_cannot_tell_and_many_can() {
    let folder = Folder::new("compare-runs");
    let side = |name: &str, faster: f64, seed: u64| -> Vec<PathBuf> {
        (0..9)
            .map(|run| {
                let process = f64::from(Random::new(mix_words(&[seed, run])).below(1000)) / 1000.0 - 0.5;
                let speed = move |_: &str| faster * (1.0 + 0.06 * process);
                Made { speed: &speed, ..made(seed + run) }.write(&folder.join(&format!("{name}{run}")))
            })
            .collect()
    };
    let (base, same, faster) = (side("base", 1.0, 100), side("same", 1.0, 200), side("fast", 1.25, 300));
    let one = compare_runs(&asked(&base[..1], &faster[..1])).expect("alike");
    let row = rate(&one, "larson-1", "candidate");
    assert_eq!((row.verdict, row.scope), (Verdict::CannotTell, Some(Scope::TheseProcesses)), "{row:?}");
    assert!(row.confidence.is_some_and(|confidence| confidence.low > 1.1), "the figures are given: {row:?}");
    assert_eq!(row.replicates_needed, None, "one run a side does not know how much runs differ");
    assert!(row.reason.as_ref().is_some_and(|why| why.starts_with("one run per side; use ")), "{row:?}");
    let told = one.clone().bounded(0.05);
    let open = told.bounds.iter().all(|bound| bound.outcome == Outcome::Warn);
    assert!(open && told.verdict().is_ok(), "what cannot be told decides over no exit code");
    let text = report::compared(&one, Detail::Everything);
    assert!(text.contains("these processes, and no others") && text.contains("one run per side"), "{text}");

    let many = compare_runs(&asked(&base, &faster)).expect("alike");
    let row = rate(&many, "larson-1", "candidate");
    assert_eq!((row.verdict, row.scope), (Verdict::Faster, Some(Scope::ProcessesLikeThese)), "{row:?}");
    assert_eq!((row.replicated, row.replicates, row.runs), (Replicated::Run, 9, 9), "{row:?}");
    // The width of the interval follows from the spread between runs, not between rounds.
    let confidence = row.confidence.expect("nine runs");
    assert!(confidence.high / confidence.low > 1.01, "{row:?}");
    let equal = compare_runs(&asked(&base, &same)).expect("alike");
    let row = rate(&equal, "larson-1", "candidate");
    assert!(
        row.confidence.expect("nine runs").low < 1.0 && row.confidence.expect("nine runs").high > 1.0,
        "{row:?}"
    );
    assert!(!equal.comparisons.iter().any(|row| row.verdict == Verdict::Faster), "{row:?}");
    let few = compare_runs(&asked(&base[..3], &faster[..3])).expect("alike");
    assert_eq!(rate(&few, "larson-1", "candidate").verdict, Verdict::CannotTell, "three runs");

    let outcomes = |compared: Compared, bound: f64| -> Vec<Outcome> {
        compared.bounded(bound).bounds.iter().map(|bound| bound.outcome).collect()
    };
    let slower = compare_runs(&asked(&faster, &base)).expect("alike");
    assert_eq!(outcomes(slower.clone(), 0.05), [Outcome::Fail, Outcome::Fail]);
    assert_eq!(slower.clone().bounded(0.05).verdict().expect_err("slower").exit_code().number(), 3);
    assert_eq!(outcomes(equal.clone(), 0.3), [Outcome::Pass, Outcome::Pass]);
    assert_eq!(outcomes(equal.clone(), 0.0001), [Outcome::Warn, Outcome::Warn]);
    equal.bounded(0.0001).verdict().expect("a warning ends well");
    let loss = 1.0 - rate(&slower, "larson-1", "candidate").ratio.expect("pairs");
    assert_eq!(outcomes(slower, loss)[1], Outcome::Warn, "the interval has both sides of {loss}");
}

/// The item that a refusal names, and the changes of the header and of a rank's begin that cause it.
type Forbidden = (&'static str, fn(&mut Header), fn(&mut Begin));

#[test]
fn runs_that_cannot_be_compared_are_refused_with_the_difference() {
    fn same(_: &mut Header) {}
    fn alike(_: &mut Begin) {}
    fn edit(header: &mut Header, from: &str, to: &str) {
        let job = header.job.replace(from, to);
        assert_ne!(job, header.job, "{from} is not in the job");
        let job = numamark::job::Job::parse(&job, "edited.toml", &[]).expect("a job");
        (header.job, header.job_hash) = (job.effective().to_owned(), job.hash());
    }
    let forbidden: [Forbidden; 14] = [
        ("seed: 42 here, 43 there", |header| edit(header, "seed = 42", "seed = 43"), alike),
        (
            "run.duration or run.bytes: bytes 64GiB here, bytes 32GiB there",
            |header| edit(header, "64GiB", "32GiB"),
            alike,
        ),
        ("run.warmup: 500ms here, 0ns there", |header| edit(header, "500ms", "0ns"), alike),
        (
            "chunk_bytes of generate-1: 67108864 here, 64 there",
            |header| {
                header.planned[0].parameters.insert("chunk_bytes".to_owned(), Parameter::Number(64));
            },
            alike,
        ),
        (
            "workers of larson-1: 2 here, 1 there",
            |header| {
                header.planned[1].parameters.insert("workers".to_owned(), Parameter::Number(1));
            },
            alike,
        ),
        ("cpu_model", |header| header.environment.cpu_model = Some("another CPU".to_owned()), alike),
        ("cpu_flags", |header| header.environment.cpu_flags.push("avx1024".to_owned()), alike),
        ("memory_bytes", |header| header.environment.memory_bytes = Some(1 << 20), alike),
        (
            "clock_source: time stamp counter here, CLOCK_MONOTONIC there",
            |header| {
                header.environment.clock_source = "CLOCK_MONOTONIC".to_owned();
            },
            alike,
        ),
        (
            "operating system kernel",
            |header| {
                header.environment.kernel = Some("99".to_owned());
                header.environment.governor = Some("another".to_owned());
            },
            alike,
        ),
        ("clock_step_ns: 11.00 here, 50.00 there", same, |begin| begin.clock_step_ns = 50.0),
        ("class of rank 0: made up here, another there", same, |begin| begin.class = "another".to_owned()),
        ("workers of rank 0: 2 here, 1 there", same, |begin| begin.pus.truncate(1)),
        ("host and node: host0 node 0, host1 node 0 here, elsewhere node 0 there", same, |begin| {
            begin.host = "elsewhere".to_owned()
        }),
    ];
    let folder = Folder::new("compare-refusals");
    let base = made(61).write(&folder.join("base"));
    for (index, (named, header, begin)) in forbidden.into_iter().enumerate() {
        let other =
            Made { header: &header, begin: &begin, ..made(62) }.write(&folder.join(&index.to_string()));
        let why = compare_runs(&asked(&[&base], &[&other])).expect_err(named);
        assert_eq!(why.exit_code().number(), 2, "{why}");
        assert!(why.to_string().contains(named), "{named} is not in\n{why}");
        assert!(why.to_string().contains("--force"), "{why}");
        let forced = compare_runs(&ComparisonRequest { force: true, ..asked(&[&base], &[&other]) });
        let forced = forced.unwrap_or_else(|why| panic!("{named}: {why}"));
        assert!(forced.forced && !forced.refused.is_empty(), "{named}");
        let text = report::compared(&forced, Detail::Summary);
        assert_eq!(text.matches("FORCED: ").count(), 2, "above and below\n{text}");
        assert!(report::compared_markdown(&forced).contains("FORCED: "), "{named}");
        assert!(forced.to_json().contains("\"forced\": true"), "{named}");
        assert_fits(&text);
    }
}

#[test]
fn other_rank_counts_and_copies_are_refused() {
    let folder = Folder::new("compare-broken");
    let base = made(71).write(&folder.join("base"));
    let other = made(72).write(&folder.join("other"));
    let refused = |base: &[&PathBuf], candidate: &[&PathBuf]| {
        compare_runs(&asked(base, candidate)).expect_err("not comparable").to_string()
    };
    let more = Made { ranks: 4, ..made(73) }.write(&folder.join("more"));
    assert!(refused(&[&base], &[&more]).contains("ranks: 2 here, 4 there"));
    assert!(refused(&[&base], &[&base]).contains("one and the same measurement"));
    let copy = made(71).write(&folder.join("copy"));
    assert!(refused(&[&base], &[&copy]).contains("one and the same measurement"), "other name, same values");
    assert!(
        refused(&[&base, &other], &[&made(75).write(&folder.join("one"))])
            .contains("runs before --: 2, after it: 1")
    );
    let mixed = |header: &mut Header| {
        header.planned[1].parameters.insert("batch".to_owned(), Parameter::Number(8));
    };
    let mixed = Made { header: &mixed, ..made(76) }.write(&folder.join("mixed"));
    let unlike = refused(&[&base, &mixed], &[&other, &made(77).write(&folder.join("two"))]);
    assert!(unlike.contains("batch of") && unlike.contains("the runs of one side must be alike"), "{unlike}");
    assert!(compare_arms(&base, DIFFERENCE, false).expect_err("no arms").to_string().contains("has no arms"));
    std::fs::remove_file(other.join("parts/rank-00001.jsonl")).expect("it was there");
    let lost = compare_runs(&asked(&[&base], &[&other])).expect_err("a part is missing");
    assert_eq!(lost.exit_code().number(), 1);
    assert!(
        lost.to_string().contains("parts of 1 rank found") && lost.to_string().contains("other"),
        "{lost}"
    );
    let header = std::fs::read_to_string(base.join("run.json")).expect("a result");
    std::fs::write(base.join("run.json"), header.replacen("\"schema\": ", "\"schema\": 9", 1)).expect("room");
    let old = refused(&[&base], &[&made(78).write(&folder.join("three"))]);
    assert!(old.contains("schema"), "{old}");
}

/// A host or a node with a twelfth less memory is compared, with a note; with a third less it is not.
#[test]
fn memory_that_a_balloon_took_is_noted_and_other_memory_is_refused() {
    fn host(header: &mut Header, gib: u64) {
        header.environment.memory_bytes = Some(gib << 30);
    }
    fn node(begin: &mut Begin, gib: u64) {
        begin.class = format!("a CPU, 2 workers, 32.0 MiB of L3, {gib}.0 GiB of memory");
    }
    let folder = Folder::new("compare-memory");
    let write = |name: &str, seed: u64, of_host: u64, of_node: u64| {
        let (header, begin) =
            (move |header: &mut Header| host(header, of_host), move |begin: &mut Begin| node(begin, of_node));
        Made { header: &header, begin: &begin, ..made(seed) }.write(&folder.join(name))
    };
    let base = write("base", 91, 12, 12);
    for (name, of_host, of_node, note) in [
        ("same", 12, 12, None),
        ("host", 11, 12, Some("memory_bytes is 12.0 GiB in ")),
        ("node", 12, 11, Some("memory of the node of rank 0 is 12.0 GiB in ")),
    ] {
        let other = write(name, 92, of_host, of_node);
        let compared = compare_runs(&asked(&[&base], &[&other])).expect("alike but for memory");
        assert!(!compared.forced, "{name}");
        let text = report::compared(&compared, Detail::Summary);
        assert_eq!(compared.doubts.len(), usize::from(note.is_some()), "{:?}", compared.doubts);
        assert!(note.is_none_or(|note| compared.doubts[0].starts_with(note)), "{:?}", compared.doubts);
        let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(flat.contains("a balloon of the hypervisor"), note.is_some(), "{text}");
        assert_fits(&text);
    }
    for (name, of_host, of_node, why) in [
        (
            "small host",
            8,
            12,
            "memory_bytes: 12.0 GiB here, 8.00 GiB there: other hardware: more than 25 % apart",
        ),
        ("small node", 12, 8, "memory of the node of rank 0: 12.0 GiB here, 8.00 GiB there: other hardware"),
    ] {
        let other = write(name, 93, of_host, of_node);
        let found = compare_runs(&asked(&[&base], &[&other])).expect_err(name).to_string();
        assert!(found.contains(why), "{found}");
    }
}

/// Stopped runs are compared like whole ones, with or without a `run.json`, and the comparison says so.
#[test]
fn of_a_stopped_run_the_complete_rounds_are_compared() {
    let folder = Folder::new("compare-partial");
    let base = made(71).write(&folder.join("base"));
    let partial = Made { whole: false, ..made(74) }.write(&folder.join("partial"));
    let written = compare_runs(&asked(&[&base], &[&partial])).expect("comparable");
    let doubt = format!("{} is a partial result, ", partial.display());
    assert!(!written.forced && written.doubts.iter().any(|line| line.starts_with(&doubt)), "{written:?}");
    assert!(report::compared(&written, Detail::Summary).contains("doubt: "), "it is said");
    std::fs::remove_file(partial.join("run.json")).expect("it was there");
    let unwritten = compare_runs(&asked(&[&base], &[&partial])).expect("comparable");
    assert_eq!(unwritten.comparisons, written.comparisons);
    assert!(unwritten.doubts.iter().any(|line| line.starts_with(&doubt)), "{:?}", unwritten.doubts);
}

#[test]
fn an_operating_system_kernel_may_be_the_only_change() {
    let folder = Folder::new("compare-kernel");
    let base = made(81).write(&folder.join("base"));
    let kernel = |header: &mut Header| header.environment.kernel = Some("99".to_owned());
    let other = Made { header: &kernel, ..made(82) }.write(&folder.join("other"));
    let compared = compare_runs(&asked(&[&base], &[&other])).expect("one change");
    assert!(!compared.forced);
    assert_eq!(compared.changes.len(), 1, "{:?}", compared.changes);
    assert!(report::compared(&compared, Detail::Summary).contains("changed: operating system kernel"));
}

#[test]
fn nothing_in_a_comparison_is_wider_than_a_terminal() {
    let folder = Folder::new("compare-hostile");
    let run = Made {
        rounds: 8,
        header: &|header| {
            with_arms(header, &["base", "batch-8"]);
            for case in &mut header.planned {
                let compared_as = format!(
                    "{}\u{1b}[31m\u{202e}{}",
                    case.id.split('.').next().unwrap_or(""),
                    "x".repeat(200)
                );
                case.compared_as = Some(compared_as);
                case.parameters
                    .insert("p\n|".to_owned(), Parameter::Word(format!("{:?}", case.arm).repeat(30)));
            }
        },
        ..made(91)
    };
    let path = run.write(&folder.join("run"));
    let mut compared = compare_arms(&path, DIFFERENCE, false).expect("arms").bounded(0.05);
    compared.name = "n\u{1b}[2J".repeat(90);
    compared.doubts = vec!["d".repeat(300)];
    compared.alone = vec!["a\u{200b}".repeat(300); 20];
    let copies = compared.comparisons.clone();
    for (index, row) in copies.into_iter().enumerate() {
        let mut row = row;
        row.candidate = format!("arm-{index}");
        row.ratio = Some(1e9);
        compared.comparisons.push(row);
    }
    for extent in [Detail::Summary, Detail::Everything] {
        assert_fits(&report::compared(&compared, extent));
    }
    assert_fits(&report::compared(
        &Compared { comparisons: Vec::new(), ..compared.clone() },
        Detail::Summary,
    ));
    let markdown = report::compared_markdown(&compared);
    assert!(!markdown.chars().any(|c| c.is_control() && c != '\n'), "{markdown:?}");
    let json: serde_json::Value = serde_json::from_str(&compared.to_json()).expect("JSON");
    assert_eq!(json["comparisons"].as_array().map(Vec::len), Some(compared.comparisons.len()));
}
