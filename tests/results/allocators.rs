//! Allocators of one run: each compared with the fastest of its workload, in `run.json`, in the table and in the CSV.

use numamark::aggregate::arms::DIFFERENCE;
use numamark::compare::{ComparisonRequest, compare_runs};
use numamark::record::run::{AllocatorBuild, Comparison, Verdict};
use numamark::record::{Header, Measure, Parameter, Run};
use numamark::report;
use numamark::report::Detail;
use numamark::results::{RunDirectory, verify};

use crate::fixture::Folder;
use crate::known_speed::{Made, made};
use crate::table::assert_fits;

const ALLOCATORS: [&str; 7] = ["slab", "system", "mimalloc", "snmalloc", "jemalloc", "rpmalloc", "null"];

/// Two workloads on seven allocators.
fn with_allocators(header: &mut Header) {
    with_workloads(header, &["larson", "mixed-lifetime"]);
}

/// These workloads on seven allocators.
fn with_workloads(header: &mut Header, workloads: &[&str]) {
    let template = header.planned.pop().expect("two cases");
    assert_eq!(template.measure, Measure::Operations);
    header.planned.clear();
    for workload in workloads {
        for allocator in ALLOCATORS {
            let mut case = template.clone();
            case.id = format!("{workload}.allocator={allocator}");
            case.workload = (*workload).to_owned();
            case.parameters.insert("allocator".to_owned(), Parameter::Word(allocator.to_owned()));
            if allocator != "slab" {
                case.parameters.remove("batch");
            }
            header.planned.push(case);
        }
    }
    header.gates.clear();
}

/// mimalloc is the fastest in larson; in mixed-lifetime slab is as fast as snmalloc.
fn speed(case: &str) -> f64 {
    match case {
        "larson.allocator=mimalloc" => 2.0,
        "larson.allocator=slab" => 1.8,
        "mixed-lifetime.allocator=snmalloc" => 1.5,
        "mixed-lifetime.allocator=slab" => 1.498,
        null if null.ends_with("null") => 5.0,
        _ => 1.0,
    }
}

fn contest(name: &str, rounds: u32) -> (Folder, Run) {
    let folder = Folder::new(name);
    let run = Made { ranks: 1, rounds, proved: true, speed: &speed, header: &with_allocators, ..made(77) };
    let path = run.write(&folder.join("run"));
    verify(&path).expect("the comparisons follow from the parts");
    let run = RunDirectory::open(&path).expect("a run").read_run().expect("its result");
    (folder, run)
}

#[test]
fn every_allocator_is_compared_with_the_fastest_of_its_workload() {
    let (_folder, run) = contest("allocators", 14);
    let rows = &run.derived.allocator_comparisons;
    assert_eq!(rows.len(), 2 * 6);
    let row = |case: &str, candidate: &str| -> &Comparison {
        let mut found = rows.iter().filter(|row| row.case == case && row.candidate == candidate);
        found.next().unwrap_or_else(|| panic!("no {candidate} in {case}"))
    };
    let slab = row("larson", "slab");
    assert_eq!((slab.base.as_str(), slab.verdict), ("mimalloc", Verdict::Slower), "{slab:?}");
    assert!((slab.ratio.expect("pairs") - 0.9).abs() < 0.01, "{slab:?}");
    assert_eq!(row("mixed-lifetime", "slab").verdict, Verdict::NoDifference);
    assert_eq!(row("mixed-lifetime", "rpmalloc").verdict, Verdict::Slower);
    // Null has a ratio, wins nothing, and costs the others no power.
    let null = row("larson", "null");
    assert!(null.base == "mimalloc" && null.ratio > Some(2.0), "{null:?}");
    let smallest = |null: bool| {
        let of = rows.iter().filter(|row| (row.candidate == "null") == null);
        of.filter_map(|row| row.p_adjusted.zip(row.p))
            .map(|(adjusted, p)| (adjusted / p).round())
            .fold(0.0, f64::max)
    };
    assert_eq!((smallest(false), smallest(true)), (10.0, 2.0));
}

#[test]
fn the_report_has_one_table_of_ratios_and_says_what_wins_where() {
    let (_folder, mut run) = contest("allocators-report", 14);
    run.header.allocators = vec![
        AllocatorBuild {
            allocator: "mimalloc".to_owned(),
            version: "mimalloc 3.3.2".to_owned(),
            build: "cc -O3".to_owned(),
            larson_ns: Some(9.2),
            system_larson_ns: Some(17.3),
            optimised: Some(true),
        },
        AllocatorBuild {
            allocator: "snmalloc".to_owned(),
            version: "snmalloc 0.7.6".to_owned(),
            build: "-O0".to_owned(),
            larson_ns: Some(143.0),
            system_larson_ns: Some(17.3),
            optimised: Some(false),
        },
    ];
    let text = report::table(&run, Detail::Summary);
    println!("{text}");
    assert_fits(&text);
    let below: Vec<&str> = text.lines().skip_while(|line| !line.starts_with("workload")).collect();
    let head: Vec<&str> = below[0].split_whitespace().collect();
    assert_eq!(head, [&["workload"][..], &ALLOCATORS[..]].concat());
    let larson: Vec<&str> =
        below.iter().find(|line| line.starts_with("larson")).expect("a row").split_whitespace().collect();
    assert_eq!((larson[1], larson[3]), ("0.90", "1.00"), "{text}");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        text.contains("fastest: mimalloc for larson; snmalloc for mixed-lifetime (Holm over 10 comparisons)"),
        "{text}"
    );
    assert!(text.contains("as fast, within 2 %: slab for mixed-lifetime"), "{text}");
    assert!(text.contains("WARNING: snmalloc was built without optimisation (143 ns"), "{text}");
    let whole = report::table(&run, Detail::Everything);
    assert!(whole.contains("allocators: mimalloc (mimalloc 3.3.2), snmalloc (snmalloc 0.7.6)"), "{whole}");
    let markdown = report::markdown(&run);
    assert!(markdown.contains("## Allocators\n\n| workload | slab | system |"), "{markdown}");
    let csv = report::csv(&run);
    let ratios: Vec<&str> = csv.lines().filter(|line| line.contains("rate_to_fastest_allocator")).collect();
    assert_eq!(ratios.len(), 14);
    assert!(
        ratios.iter().any(|line| line.contains("larson.allocator=mimalloc") && line.contains(",ratio,1,")),
        "{csv}"
    );
}

/// With few workloads each has a table of its own below; with many, only the table of all is left.
#[test]
fn the_winners_stand_first_and_many_workloads_have_one_table() {
    let report = |name: &str, workloads: &[&str]| {
        let header = |header: &mut Header| with_workloads(header, workloads);
        let folder = Folder::new(name);
        let made = Made { ranks: 1, rounds: 14, speed: &speed, header: &header, ..made(78) };
        let path = made.write(&folder.join("run"));
        let run = RunDirectory::open(&path).expect("a run").read_run().expect("its result");
        let (short, whole) = (report::table(&run, Detail::Summary), report::table(&run, Detail::Everything));
        assert_fits(&short);
        assert!(whole.contains("refill"), "every case in full has its refills");
        let answer = short.split("\n\n").next().expect("paragraphs");
        assert!(answer.contains("\nfastest: mimalloc for larson"), "{short}");
        short.matches("7 values of allocator").count()
    };
    assert_eq!(report("allocators-two", &["larson", "mixed-lifetime"]), 2);
    assert_eq!(report("allocators-three", &["larson", "mixed-lifetime", "fifo"]), 0);
}

#[test]
fn few_rounds_name_no_winner() {
    let (_folder, run) = contest("allocators-few", 4);
    let text = report::table(&run, Detail::Summary).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("no winner in larson: mimalloc has the highest rate"), "{text}");
    assert!(!text.contains("fastest: mimalloc"), "{text}");
}

/// The slab allocator with two levels of hardening beside the C library: one contest of three.
#[test]
fn what_is_swept_of_one_allocator_makes_contenders_and_not_contests() {
    let header = |header: &mut Header| {
        let template = header.planned.pop().expect("two cases");
        header.planned.clear();
        header.gates.clear();
        for (allocator, hardening) in [("slab", Some("off")), ("slab", Some("full")), ("system", None)] {
            let mut case = template.clone();
            case.id = format!("larson.allocator={allocator}");
            case.parameters.insert("allocator".to_owned(), Parameter::Word(allocator.to_owned()));
            if let Some(hardening) = hardening {
                case.id += &format!(".batch=8.hardening={hardening}");
                case.parameters.insert("hardening".to_owned(), Parameter::Word(hardening.to_owned()));
            }
            header.planned.push(case);
        }
    };
    let speed = |case: &str| if case.ends_with("off") { 1.5 } else { 1.0 };
    let folder = Folder::new("allocators-hardening");
    let path = Made { ranks: 1, rounds: 14, proved: true, speed: &speed, header: &header, ..made(79) }
        .write(&folder.join("run"));
    verify(&path).expect("the comparisons follow from the parts");
    let run = RunDirectory::open(&path).expect("a run").read_run().expect("its result");
    let rows = run.derived.allocator_comparisons.iter();
    let rows: Vec<[&str; 3]> = rows.map(|row| [&*row.case, &*row.base, &*row.candidate]).collect();
    let fastest = "slab batch 8 hardening off";
    assert_eq!(rows, [["larson", fastest, "slab batch 8 hardening full"], ["larson", fastest, "system"]]);
    assert_fits(&report::table(&run, Detail::Summary));
}

/// All allocators that keep up do as many operations as are due: their latencies differ, and not their rates.
#[test]
fn an_open_loop_is_no_contest() {
    let header = |header: &mut Header| {
        with_allocators(header);
        for case in &mut header.planned {
            case.id = format!("{}.arrivals=1000", case.id);
            case.parameters.insert("arrivals".to_owned(), Parameter::Number(1000));
        }
    };
    let folder = Folder::new("allocators-open");
    let path = Made { ranks: 1, header: &header, ..made(83) }.write(&folder.join("run"));
    let run = RunDirectory::open(&path).expect("a run").read_run().expect("its result");
    assert!(run.derived.allocator_comparisons.is_empty());
    let text = report::table(&run, Detail::Summary);
    assert!(text.contains("latency p50") && !text.contains("\nallocators:\n"), "{text}");
}

/// Two runs, each with these builds.
fn changes(test: &str, base: &[[&str; 3]], candidate: &[[&str; 3]]) -> Vec<[String; 3]> {
    let folder = Folder::new(test);
    let write = |name: &str, seed, builds: &[[&str; 3]]| {
        let header = |header: &mut Header| {
            with_allocators(header);
            let build = |[allocator, version, build]: &[&str; 3]| AllocatorBuild {
                allocator: (*allocator).to_owned(),
                version: (*version).to_owned(),
                build: (*build).to_owned(),
                larson_ns: None,
                system_larson_ns: None,
                optimised: None,
            };
            header.allocators = builds.iter().map(build).collect();
        };
        Made { ranks: 1, header: &header, ..made(seed) }.write(&folder.join(name))
    };
    let request = ComparisonRequest {
        base: vec![write("base", 81, base)],
        candidate: vec![write("candidate", 82, candidate)],
        difference: DIFFERENCE,
        force: false,
    };
    let compared = compare_runs(&request).expect("an allocator may change");
    let text = report::compared(&compared, Detail::Summary);
    for change in &compared.changes {
        assert!(text.contains(&change.what), "{text}");
    }
    compared.changes.into_iter().map(|change| [change.what, change.base, change.candidate]).collect()
}

#[test]
fn another_version_or_build_of_an_allocator_is_a_change_between_runs() {
    let base = [["slab", "numamark 1", "-O3"], ["system", "glibc 2.36", "x"], ["mimalloc", "3.3.1", "-O3"]];
    let newer = [["slab", "numamark 1", "-O3"], ["system", "glibc 2.36", "x"], ["mimalloc", "3.3.2", "-O2"]];
    let rebuilt =
        [["slab", "numamark 1", "-O3"], ["system", "glibc 2.36", "x"], ["mimalloc", "3.3.1", "-O2"]];
    assert_eq!(
        changes("allocators-version", &base, &newer),
        [["version of mimalloc", "3.3.1", "3.3.2"].map(str::to_owned)]
    );
    assert_eq!(
        changes("allocators-build", &base, &rebuilt),
        [["build of mimalloc", "-O3", "-O2"].map(str::to_owned)]
    );
    // An older run did not record builds: nothing is known to have changed.
    assert!(changes("allocators-older", &[], &newer).is_empty());
    assert!(changes("allocators-same", &base, &base).is_empty());
}
