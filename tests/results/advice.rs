//! The advice that a report gives on a sweep of chunks: derived from the run alone, at most 80 columns wide.

use numamark::record::Run;
use numamark::record::run::{Expected, Finding, FindingKind};
use numamark::report;
use numamark::report::Detail;

use crate::made_up::{GIB, bytes, case, template, word};
use crate::table::assert_fits;

/// A sweep of chunks from 4 MiB on, doubling: rates in GiB/s and shares of the limit, over ten rounds that scatter by
/// `noise`; two in flight, an L3 of 32 MiB.
fn sweep(points: &[(f64, f64)], noise: f64) -> Run {
    let mut run = template();
    let mut cases = Vec::new();
    for (index, (rate, share)) in points.iter().enumerate() {
        let chunk = 4u64 << index;
        let mut made = case(&run, 0, rate * GIB, &[("chunk_bytes", bytes(chunk))]);
        // Variation with median 0, different for each size.
        let wobble = |round: usize| ((round * 7 + index * 3) % 11) as f64 / 5.0 - 1.0;
        let metric = made.metrics.get_mut("throughput_bytes_per_s").expect("it generates");
        metric.values = (0..11).map(|round| Some(rate * GIB * (1.0 + noise * wobble(round)))).collect();
        let mut limit = metric.clone();
        (limit.value, limit.unit) = (Some(*share), "share".to_owned());
        made.metrics.insert("limit_share".to_owned(), limit);
        made.expected = Some(Expected {
            blocks_per_chunk: 2,
            busy_workers: 2,
            working_set_bytes: (2 * chunk) << 20,
            l3_bytes: Some(32 << 20),
            memory_bytes_min: (2 * chunk) << 20,
            memory_bytes_max: (3 * chunk) << 20,
            stores: None,
        });
        made.per_rank.iter_mut().for_each(|row| row.workers = 2);
        cases.push(made);
    }
    run.derived.cases = cases;
    // The template has a digest, and gates that nothing meets; both would stand above the advice.
    run.derived.gate_results.clear();
    run.derived.cases.iter_mut().for_each(|case| case.digest = None);
    run
}

/// The sentence that starts with `begins`, on one line.
fn sentence(text: &str, begins: &str) -> String {
    let mut lines = text.lines().skip_while(|line| !line.starts_with(begins));
    let first = lines.next().unwrap_or_else(|| panic!("no {begins:?} in\n{text}"));
    let more = lines.take_while(|line| line.starts_with("  ")).map(str::trim);
    std::iter::once(first).chain(more).collect::<Vec<_>>().join(" ")
}

const CACHE_AND_MEMORY: [(f64, f64); 6] =
    [(60.0, 0.5), (79.0, 0.7), (80.0, 0.7), (45.0, 0.8), (27.0, 0.96), (26.5, 1.0)];

#[test]
fn a_sweep_of_chunks_names_its_limits_and_the_chunk_to_take() {
    let run = sweep(&CACHE_AND_MEMORY, 0.01);
    let text = report::table(&run, Detail::Summary);
    assert_fits(&text);
    assert!(
        report::table(&run, Detail::Everything).contains(&sentence(&text, "advice:")[..60]),
        "-v has it, too"
    );
    let says = |begins: &str, what: &[&str]| {
        let sentence = sentence(&text, begins);
        assert!(what.iter().all(|part| sentence.contains(part)), "{sentence}");
    };
    says(
        "advice:",
        &["generate.chunk = \"8MiB\"", "within 5 % of the fastest (16MiB)", "0.50 x L3; it stays in the L3"],
    );
    says(
        "parallelism:",
        &["4MiB is too short: 25.1 % slower than 16MiB (", "where 2 workers wait for each other"],
    );
    says("cache:", &["between 16MiB (", "1.00 x L3) and 32MiB (", "43.", "outgrow the L3"]);
    says("memory:", &["from 64MiB on", "96.0 to 100 % of plain stores"]);
    assert!(!text.contains("undecided:"), "{text}");
}

#[test]
fn the_markdown_has_the_same_sentences() {
    let markdown = report::markdown(&sweep(&CACHE_AND_MEMORY, 0.01));
    assert!(markdown.contains("\n- advice: generate.chunk = \"8MiB\""), "{markdown}");
    assert!(markdown.contains("\n- memory: the limit from 64MiB on"), "{markdown}");
}

#[test]
fn a_flat_sweep_is_answered_with_its_smallest_chunk() {
    let text = report::table(
        &sweep(&[(26.0, 0.97), (26.1, 0.97), (26.0, 0.98), (26.1, 0.98), (26.0, 0.97)], 0.01),
        Detail::Summary,
    );
    let advice = sentence(&text, "advice:");
    assert!(
        advice.contains("\"4MiB\"") && advice.contains("every chunk of this sweep is within 5 %"),
        "{advice}"
    );
    assert!(sentence(&text, "parallelism:").contains("try --sweep generate.chunk=1MiB,2MiB"), "{text}");
    assert!(sentence(&text, "cache:").contains("no drop where data leaves the L3"), "{text}");
}

#[test]
fn a_noisy_sweep_has_no_advice_and_says_how_many_repetitions_it_needs() {
    let text =
        report::table(&sweep(&[(26.0, 0.5), (27.0, 0.5), (28.0, 0.5), (27.0, 0.5)], 0.5), Detail::Summary);
    assert_fits(&text);
    assert!(sentence(&text, "advice:").contains("none; 16MiB is the fastest"), "{text}");
    let open = sentence(&text, "undecided:");
    assert!(
        open.contains("4MiB, 8MiB, 32MiB") && open.ends_with("too noisy; repeat on a quiet machine"),
        "{open}"
    );
    let less =
        report::table(&sweep(&[(26.0, 0.5), (27.0, 0.5), (28.0, 0.5), (27.0, 0.5)], 0.1), Detail::Summary);
    assert!(sentence(&less, "undecided:").contains("repetitions, this run has 11"), "{less}");
}

/// A rank that lacked its CPUs makes the sizes incomparable: nothing is advised.
#[test]
fn a_sweep_that_cannot_be_believed_has_no_advice() {
    let mut run = sweep(&CACHE_AND_MEMORY, 0.01);
    let case = run.derived.cases[1].id.clone();
    let trust = run.derived.trust.as_mut().expect("this version says");
    let finding = Finding {
        kind: FindingKind::OtherPrograms,
        severe: true,
        case: Some(case.clone()),
        rank: None,
        value: Some(0.6),
    };
    trust.findings.insert(0, finding);
    for text in [report::table(&run, Detail::Summary), report::table(&run, Detail::Everything)] {
        let said = sentence(&text, "advice:");
        assert!(said.starts_with("advice: none, because the figures of ") && said.contains(&case), "{said}");
        assert!(!text.contains("\nmemory:"), "{text}");
    }
}

/// A sweep of another key, or of two chunks only, has no edges to find.
#[test]
fn other_sweeps_have_no_advice() {
    let mut other = sweep(&CACHE_AND_MEMORY, 0.01);
    for (index, case) in other.derived.cases.iter_mut().enumerate() {
        case.parameters.insert("chunk_bytes".to_owned(), bytes(8));
        case.parameters.insert("kernel".to_owned(), word(["scalar", "avx2", "avx512", "a", "b", "c"][index]));
    }
    let mut two = sweep(&CACHE_AND_MEMORY, 0.01);
    two.derived.cases.truncate(2);
    for run in [other, two] {
        assert!(!report::table(&run, Detail::Summary).contains("advice:"));
    }
}
