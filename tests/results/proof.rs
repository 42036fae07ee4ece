//! `run.json` follows from the parts: from all of them, and from no other data.

use std::fs;

use numamark::aggregate::aggregate;
use numamark::error::ExitCode;
use numamark::mix::Random;
use numamark::results::{RunDirectory, recover, verify};
use serde_json::Value;

use crate::fixture::{Folder, finished, run};

#[test]
fn a_run_and_its_parts_give_the_same_aggregate() {
    let folder = Folder::new("same-aggregate");
    for (ranks, seed) in [(1, 1), (2, 2), (5, 3), (16, 4)] {
        let path = folder.join(&format!("run-{ranks}"));
        let (directory, header, evidence) = run(&path, ranks, seed);
        let run = aggregate(&header, &evidence, Some(12.5)).expect("whole evidence");
        assert!(run.complete);
        directory.write_results(&run, &evidence).expect("room");
        assert_eq!(directory.read_run().expect("what was written"), run, "seed {seed}");
        let verified = verify(&path).unwrap_or_else(|why| panic!("seed {seed}: {why}"));
        assert_eq!((verified.parts, verified.repetitions, verified.complete), (ranks as usize, 6, true));
    }
}

/// Every place in the tree that holds one value.
fn leaves(at: Vec<Step>, value: &Value, found: &mut Vec<Vec<Step>>) {
    let mut below = |step, child| leaves([at.clone(), vec![step]].concat(), child, found);
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, child)| below(Step::Key(key.clone()), child)),
        Value::Array(items) => (0..).zip(items).for_each(|(index, child)| below(Step::Index(index), child)),
        _ => found.push(at),
    }
}

#[derive(Clone, Debug)]
enum Step {
    Key(String),
    Index(usize),
}

fn leaf<'a>(tree: &'a mut Value, path: &[Step]) -> &'a mut Value {
    path.iter().fold(tree, |value, step| match step {
        Step::Key(key) => &mut value[key.as_str()],
        Step::Index(index) => &mut value[*index],
    })
}

/// The smallest change of its kind.
fn change(value: &mut Value) {
    *value = match &*value {
        Value::Null => Value::from(0),
        Value::Bool(truth) => Value::from(!truth),
        Value::String(text) => Value::from(format!("{text}x")),
        Value::Number(number) => match (number.as_u64(), number.as_f64()) {
            (Some(whole), _) => Value::from(whole ^ 1),
            (None, float) => Value::from(f64::from_bits(float.expect("a float").to_bits() + 1)),
        },
        other => panic!("{other} is not a leaf"),
    };
}

#[test]
fn verify_finds_any_changed_value_down_to_the_last_bit() {
    let folder = Folder::new("changed-value");
    let path = folder.join("run");
    let (directory, ..) = finished(&path, 2, 7);
    let text = fs::read_to_string(directory.run()).expect("just written");
    let tree: Value = serde_json::from_str(&text).expect("JSON");
    let mut places = Vec::new();
    leaves(Vec::new(), &tree, &mut places);
    Random::new(7).shuffle(&mut places);
    let mut tried = 0;
    for place in &places {
        let last = format!("{:?}", place.last());
        // The elapsed time of the run cannot be derived. The CPU flags are a hundred leaves of one kind.
        if last.contains("elapsed_s") || format!("{place:?}").contains("cpu_flags") {
            continue;
        }
        let mut changed = tree.clone();
        change(leaf(&mut changed, place));
        fs::write(directory.run(), changed.to_string()).expect("room");
        let why = verify(&path).expect_err(&format!("{place:?} was changed"));
        let named = match place.last() {
            Some(Step::Key(key)) => key.clone(),
            _ => String::new(),
        };
        assert_eq!(why.exit_code(), ExitCode::Failed);
        assert!(why.to_string().contains(&named), "{place:?} was changed, the error is: {why}");
        tried += 1;
        if tried == 150 {
            break;
        }
    }
    fs::write(directory.run(), text).expect("room");
    verify(&path).expect("the original");
}

#[test]
fn noise_that_does_not_follow_from_the_workers_is_refused_with_its_line() {
    let folder = Folder::new("changed-noise");
    let path = folder.join("run");
    finished(&path, 2, 9);
    let part = path.join("parts/rank-00001.jsonl");
    let text = fs::read_to_string(&part).expect("just written");
    let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let switches = &mut lines[3]["noise"]["involuntary_switches"];
    *switches = Value::from(switches.as_u64().expect("a count") + 1);
    fs::write(&part, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).expect("room");
    let why = verify(&path).expect_err("it was changed").to_string();
    assert!(why.contains("rank-00001.jsonl:4: the noise of the rank does not follow"), "{why}");
}

#[test]
fn verify_names_added_and_missing_values() {
    let folder = Folder::new("added-or-gone");
    let path = folder.join("run");
    let (directory, ..) = finished(&path, 2, 8);
    let text = fs::read_to_string(directory.run()).expect("just written");
    let try_with = |edit: fn(&mut Value)| {
        let mut tree: Value = serde_json::from_str(&text).expect("JSON");
        edit(&mut tree);
        fs::write(directory.run(), tree.to_string()).expect("room");
        verify(&path).expect_err("it was edited").to_string()
    };
    let added = try_with(|tree| tree["faster_than_light"] = Value::from(true));
    assert!(added.contains("faster_than_light: run.json has true, the parts give null"), "{added}");
    let gone = try_with(|tree| {
        tree["cases"].as_array_mut().map(Vec::pop);
    });
    assert!(gone.contains("cases: run.json has "), "{gone}");
    let swapped = try_with(|tree| tree["cases"][0]["per_rank"].as_array_mut().expect("rows").swap(0, 1));
    assert!(swapped.contains("cases[generate-1].per_rank[rank 1].host"), "{swapped}");
    let version = try_with(|tree| tree["schema"] = Value::from(1));
    assert!(version.contains("has schema 1; this numamark reads schema 2"), "{version}");
    let hash = try_with(|tree| tree["job_hash"] = Value::from("0"));
    assert!(hash.contains("job_hash: run.json has \"0\""), "{hash}");
}

#[test]
fn verify_finds_a_changed_part() {
    let folder = Folder::new("changed-part");
    let path = folder.join("run");
    finished(&path, 3, 9);
    let part = path.join("parts/rank-00001.jsonl");
    let text = fs::read_to_string(&part).expect("just written");
    let try_with = |changed: String| {
        assert_ne!(changed, text, "the change must change something");
        fs::write(&part, changed).expect("room");
        verify(&path).expect_err("it was edited").to_string()
    };
    let line = |number: usize| text.lines().nth(number).expect("the part has lines").to_owned() + "\n";
    let faster = try_with(text.replace("\"elapsed_ns\":2", "\"elapsed_ns\":1"));
    assert!(faster.contains("per_rank[rank 1].rate.value"), "{faster}");
    let lost = try_with(text.replace(&line(3), ""));
    assert!(lost.contains("unfinished_repetitions: run.json has 0, the parts give 1"), "{lost}");
    let twice = try_with(text.replace(&line(3), &(line(3) + &line(3))));
    assert!(twice.contains("rank-00001.jsonl:5: case generate-1 has round 2 a second time"), "{twice}");
    let counters = try_with(text.replacen("\"count\":40,", "\"count\":39,", 1));
    assert!(
        counters.contains("rank-00001.jsonl:2: histogram refill_ns.slow: timed = 40 is more than"),
        "{counters}"
    );
    fs::remove_file(&part).expect("it was there");
    let missing = verify(&path).expect_err("a part is gone").to_string();
    assert!(missing.contains("rank 1 of 3 is missing"), "{missing}");
}

#[test]
fn a_run_that_died_is_recovered_as_far_as_all_ranks_got() {
    let folder = Folder::new("recover");
    for (name, keep_lines, torn) in
        [("between-lines", 4, 0), ("in-a-line", 4, 100), ("in-the-end-line", 7, 20)]
    {
        let path = folder.join(name);
        let (directory, ..) = run(&path, 3, 10);
        let part = path.join("parts/rank-00002.jsonl");
        let text = fs::read_to_string(&part).expect("just written");
        let whole: usize = text.split_inclusive('\n').take(keep_lines).map(str::len).sum();
        fs::write(&part, &text[..whole + torn]).expect("room");

        let unread = directory.read_run().expect_err("there is no run.json yet").to_string();
        assert!(unread.contains("has no run.json") && unread.contains("numamark report"), "{unread}");
        let run = recover(&path).expect("enough is left");
        assert!(!run.complete && run.elapsed_s.is_none() && run.derived.locality.end.is_none());
        assert_eq!(run.verdict().expect_err("partial").exit_code(), ExitCode::Incomplete);
        // Line 0 is the beginning; the cases take turns.
        let finished = keep_lines - 1;
        let repetitions = |case: usize| run.derived.cases[case].metrics["cpu_share"].repetitions as usize;
        assert_eq!([repetitions(0), repetitions(1)], [finished.div_ceil(2), finished / 2], "{name}");
        assert_eq!(run.derived.unfinished_repetitions as usize, 6 - finished);
        assert!(!verify(&path).expect("a partial result is still a true one").complete);
        let again = recover(&path).expect_err("it has been done");
        assert_eq!(again.exit_code(), ExitCode::Usage);
    }
}

#[test]
fn a_repetition_that_one_rank_did_not_finish_changes_no_figure() {
    let folder = Folder::new("unfinished");
    let (all, fewer) = (folder.join("all"), folder.join("fewer"));
    run(&all, 2, 11);
    run(&fewer, 2, 11);
    let cut = |path: &std::path::Path, rank: u32, keep: usize| {
        let part = path.join(format!("parts/rank-{rank:05}.jsonl"));
        let text = fs::read_to_string(&part).expect("just written");
        fs::write(&part, text.split_inclusive('\n').take(keep).collect::<String>()).expect("room");
    };
    // In one run both ranks stopped after two lines; in the other rank 1 stopped and rank 0 continued.
    for (path, rank, keep) in [(&fewer, 0, 3), (&fewer, 1, 3), (&all, 0, 6), (&all, 1, 3)] {
        cut(path, rank, keep);
    }
    let (all, fewer) = (recover(&all).expect("enough"), recover(&fewer).expect("enough"));
    assert_eq!(all.derived.unfinished_repetitions, 3);
    assert_eq!(all.derived.cases, fewer.derived.cases);
}

#[test]
fn a_run_without_a_finished_repetition_cannot_be_recovered() {
    let folder = Folder::new("nothing");
    let path = folder.join("run");
    run(&path, 2, 12);
    let part = path.join("parts/rank-00001.jsonl");
    let text = fs::read_to_string(&part).expect("just written");
    fs::write(&part, text.lines().next().expect("a line").to_owned() + "\n").expect("room");
    let why = recover(&path).expect_err("rank 1 finished nothing").to_string();
    assert!(why.contains("there is nothing to show"), "{why}");
    let directory = RunDirectory::open(&path).expect("it is still a run");
    assert!(!directory.run().exists(), "nothing that looks like a result");
}
