//! `histograms.hlog` read back: the counters of the parts, once by round and once by host.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use numamark::measure::log;
use numamark::measure::log::Log;
use numamark::record::{HistogramRecord, Line, PartReader};
use numamark::results::verify;

use crate::fixture::{Folder, finished};

fn read(path: &Path) -> Log {
    log::read(&fs::read(path).expect("it was written")).expect("a log")
}

/// By tag and time: the counters.
type Lines = BTreeMap<(String, u64, u64), BTreeMap<u32, u64>>;

/// A second derivation: sums the counters of all parts by tag.
fn again(run: &Path, ranks: usize) -> Lines {
    let (mut begins, mut spans, mut rounds) = (u64::MAX, BTreeMap::new(), Vec::new());
    for rank in 0..ranks {
        let mut part = PartReader::open(&run.join(format!("parts/rank-{rank:05}.jsonl"))).expect("a part");
        let host = part.begin().host.clone();
        while let Some(line) = part.next_line().expect("not damaged") {
            let Line::Repetition(repetition) = line else { continue };
            if rank == 0 {
                let (began, turn) = (repetition.began_unix_ms, (repetition.case.clone(), repetition.round));
                begins = begins.min(began);
                // Lengths are rounded up to milliseconds.
                spans.insert(turn, (began, repetition.elapsed_ns.div_ceil(1_000_000)));
            }
            rounds.push((host.clone(), repetition));
        }
    }
    let mut lines = Lines::new();
    let mut add = |key: (String, u64, u64), record: &HistogramRecord| {
        let counters = lines.entry(key).or_default();
        record.counters.iter().for_each(|(index, count)| *counters.entry(*index).or_default() += count);
    };
    for (host, repetition) in &rounds {
        let case = &repetition.case;
        let (began, length) = spans[&(case.clone(), repetition.round)];
        let of_case = || spans.iter().filter(|((other, _), _)| other == case).map(|(_, span)| *span);
        let first = of_case().map(|(began, _)| began).min().expect("it has begun");
        let last = of_case().map(|(began, length)| began + length).max().expect("it has ended");
        for (name, record) in repetition.histograms.iter().filter(|(_, record)| record.timed > 0) {
            add((format!("{case};{name}"), began - begins, length), record);
            add((format!("{case};{name};{host}"), first - begins, last - first), record);
        }
    }
    lines
}

#[test]
fn every_line_is_the_sum_of_the_parts_and_none_is_missing() {
    let folder = Folder::new("log-lines");
    let path = folder.join("run");
    let (directory, ..) = finished(&path, 5, 71);
    let log = read(&directory.histograms());
    assert_eq!(log.start_unix_ms, 1_767_225_600_000, "the first repetition of rank 0");
    let expected = again(&path, 5);
    // 13 histograms of generate, 12 of larson: by round, and by host.
    assert_eq!(expected.len(), (13 + 12) * (3 + 2));
    let mut found = Lines::new();
    for line in &log.intervals {
        assert!(!line.tag.contains([' ', ',']), "{}", line.tag);
        let key = (line.tag.clone(), line.start_ms, line.length_ms);
        assert!(found.insert(key, line.counters.iter().copied().collect()).is_none(), "{} twice", line.tag);
    }
    assert!(log.intervals.is_sorted_by_key(|line| line.start_ms), "tools that cut by time expect that");
    assert_eq!(found, expected);
}

#[test]
fn rounds_and_hosts_sum_to_the_counts_of_run_json() {
    let folder = Folder::new("log-sums");
    let (directory, run, _) = finished(&folder.join("run"), 4, 72);
    let log = read(&directory.histograms());
    for case in &run.derived.cases {
        for (name, summary) in &case.histograms {
            let merged = format!("{};{name}", case.id);
            let timed = |of_host: bool| -> u64 {
                let wanted = |tag: &str| match of_host {
                    true => tag.strip_prefix(&merged).is_some_and(|rest| rest.starts_with(';')),
                    false => tag == merged,
                };
                let lines = log.intervals.iter().filter(|line| wanted(&line.tag));
                lines.flat_map(|line| &line.counters).map(|(_, count)| count).sum()
            };
            // Combined strata were sampled differently: their counters must not be added and have no line.
            let is_combined = case.histograms.contains_key(&format!("{name}.slow"));
            let expected = if is_combined { 0 } else { summary.timed };
            assert_eq!((timed(false), timed(true)), (expected, expected), "{merged}");
        }
    }
}

#[test]
fn verify_finds_and_names_any_change_of_the_log() {
    let folder = Folder::new("log-changed");
    let path = folder.join("run");
    let (directory, ..) = finished(&path, 2, 73);
    let file = directory.histograms();
    let original = fs::read(&file).expect("written");
    let log = read(&file);
    assert_eq!(verify(&path).expect("as written").histograms, log.intervals.len());
    let complaint_about = |text: &[u8]| {
        fs::write(&file, text).expect("room");
        verify(&path).expect_err("it was changed").to_string()
    };
    let complaint = |edit: &dyn Fn(&mut Log)| {
        let (mut log, mut text) = (log.clone(), Vec::new());
        edit(&mut log);
        log::write(&mut text, log.start_unix_ms, "edited", log.intervals).expect("memory has room");
        complaint_about(&text)
    };
    for at in [0, log.intervals.len() / 2, log.intervals.len() - 1] {
        let (tag, (index, count)) = (&log.intervals[at].tag, log.intervals[at].counters[0]);
        let one_more = complaint(&|log| log.intervals[at].counters[0].1 += 1);
        let expected = format!("counter {index} is {}, the parts give {count}", count + 1);
        assert!(
            one_more.contains(&expected) && one_more.contains(&format!("histograms.hlog: {tag} at ")),
            "{one_more}"
        );
        let later = complaint(&|log| log.intervals[at].start_ms += 1);
        assert!(later.contains(&format!("the log has {tag} at ")), "{later}");
        let longer = complaint(&|log| log.intervals[at].length_ms += 1);
        assert!(longer.contains(&format!("the log has {tag} at ")), "{longer}");
        let other = complaint(&|log| log.intervals[at].tag.push('x'));
        assert!(other.contains(&format!("the log has {tag}x at ")), "{other}");
    }
    let lost = complaint(&|log| drop(log.intervals.pop()));
    let (found, all) = (log.intervals.len() - 1, log.intervals.len());
    assert!(lost.contains(&format!("histograms.hlog: has {found} lines, the parts give {all}")), "{lost}");
    let swapped = complaint(&|log| log.intervals.swap(0, 1));
    assert!(swapped.contains("histograms.hlog: "), "{swapped}");
    let shifted = complaint(&|log| log.start_unix_ms += 1000);
    assert!(shifted.contains("histograms.hlog: starts at "), "{shifted}");
    let torn = complaint_about(&original[..original.len() - 20]);
    assert!(torn.contains("histograms.hlog: is damaged"), "{torn}");
    fs::remove_file(&file).expect("it is there");
    let gone = verify(&path).expect_err("it is gone").to_string();
    assert!(gone.contains("histograms.hlog: cannot be read: No such file"), "{gone}");
    fs::write(&file, original).expect("room");
    verify(&path).expect("as written");
}
