//! Gates against a stored run. Its figures are read once, before the first repetition, and stored in the header, so
//! that `verify` needs only the run itself.

use std::collections::BTreeMap;
use std::path::Path;

use crate::aggregate::gate::figure;
use crate::error::{Error, Result};
use crate::job;
use crate::metric::CaseMetric;
use crate::record::run::{Against, Bound, CaseResult, Gate, Level, Run};
use crate::results::directory::RunDirectory;
use crate::word::Word;

/// Resolves the gates of a job together with the figures of their stored runs. A job without a gate on `trustworthy`
/// gets one that warns. `planned` holds the ids of the cases,
/// `cpu_model` is the model of this host.
///
/// # Errors
/// [`Error::Usage`] when a stored run cannot be read, is partial, ran on another CPU, or has none of the cases or
/// figures.
pub fn resolve_gates(gates: &[job::Gate], planned: &[&str], cpu_model: Option<&str>) -> Result<Vec<Gate>> {
    let mut runs: BTreeMap<&str, Run> = BTreeMap::new();
    let mut resolved = Vec::with_capacity(gates.len());
    for (index, gate) in gates.iter().enumerate() {
        let mut result = Gate::of(gate);
        if let Some(directory) = &gate.against {
            let refused =
                |why: String| Error::Usage(format!("gate.{index}.against = \"{directory}\": {why}"));
            if !runs.contains_key(directory.as_str()) {
                let run = read(directory).and_then(|run| comparable(run, cpu_model)).map_err(refused)?;
                runs.insert(directory, run);
            }
            result.against = Some(
                figures(directory, &runs[directory.as_str()], &result.metric, planned).map_err(refused)?,
            );
        }
        resolved.push(result);
    }
    if !resolved.iter().any(|gate| gate.metric == CaseMetric::Trustworthy.word()) {
        resolved.push(every_case_trustworthy());
    }
    Ok(resolved)
}

/// The gate of every job that has none of its own on the metric.
fn every_case_trustworthy() -> Gate {
    let metric = CaseMetric::Trustworthy.word().to_owned();
    Gate { metric, bound: Bound::AtLeast(1.0), level: Level::Warn, against: None }
}

fn read(directory: &str) -> std::result::Result<Run, String> {
    let opened = RunDirectory::open(Path::new(directory)).and_then(|directory| directory.read_run());
    opened.map_err(|why| why.to_string())
}

/// Refuses a partial run, because it selected its own repetitions, and a run on another CPU, because its figures
/// differ.
fn comparable(run: Run, cpu_model: Option<&str>) -> std::result::Result<Run, String> {
    if !run.complete {
        return Err("the run is partial; a bound needs one that is complete".to_owned());
    }
    match (run.header.environment.cpu_model.as_deref(), cpu_model) {
        (Some(theirs), Some(ours)) if theirs != ours => Err(format!(
            "the run is of another CPU ({theirs}; this host has {ours}); store one of this kind of host"
        )),
        _ => Ok(run),
    }
}

/// Returns the id of a case without its arm when the arm is the base; other ids stay as they are.
fn as_it_stands(id: &str) -> &str {
    [job::Arm::BASE, job::Arm::BASE_AGAIN]
        .iter()
        .find_map(|arm| id.strip_suffix(arm)?.strip_suffix(".arm="))
        .unwrap_or(id)
}

/// Joins the first few of many ids.
fn named(ids: &[&str]) -> String {
    const NAMED: usize = 3;
    let more = if ids.len() > NAMED { ", .." } else { "" };
    format!("{}{more}", ids[..ids.len().min(NAMED)].join(", "))
}

fn figures(
    directory: &str,
    run: &Run,
    metric: &str,
    planned: &[&str],
) -> std::result::Result<Against, String> {
    let cases = &run.derived.cases;
    // The arm `base` of a job with arms corresponds to the plain case of a job without arms.
    let stored = |id: &str| {
        let exact = cases.iter().find(|case| case.id == id);
        exact.or_else(|| cases.iter().find(|case| as_it_stands(&case.id) == as_it_stands(id)))
    };
    let same: Vec<(&str, &CaseResult)> = planned.iter().filter_map(|id| Some((*id, stored(id)?))).collect();
    if same.is_empty() {
        let theirs: Vec<&str> = cases.iter().map(|case| case.id.as_str()).collect();
        let [theirs, ours] = [theirs.as_slice(), planned].map(named);
        return Err(format!("it has {theirs}, and this job {ours}: no case in common"));
    }
    let values = same.iter().filter_map(|(id, case)| Some(((*id).to_owned(), figure(case, metric)?.ok()?)));
    let against = Against {
        directory: directory.to_owned(),
        started: run.header.started.clone(),
        values: values.collect(),
    };
    match against.values.is_empty() {
        true => Err(format!("the run has no {metric} of any case of this job")),
        false => Ok(against),
    }
}
