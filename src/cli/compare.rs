//! `numamark compare`: tells if one arm, or one set of runs, is faster than another.

use std::path::PathBuf;

use super::arguments::{CompareArguments, CompareFormat};
use super::print;
use crate::compare::{Compared, ComparisonRequest, compare_arms, compare_runs};
use crate::error::{Error, ExitCode, Result};
use crate::report;
use crate::report::Detail;

/// Compares and shows; a rate that is worse than `--bound` decides the exit code.
pub fn compare(arguments: &CompareArguments) -> Result<ExitCode> {
    let compared = match arguments.bound {
        None => ask(arguments)?,
        Some(bound) => ask(arguments)?.bounded(bound),
    };
    match arguments.format {
        CompareFormat::Text => {
            let extent = if arguments.verbose { Detail::Everything } else { Detail::Summary };
            print(&report::compared_on(super::screen::of_stdout(), &compared, extent));
        }
        CompareFormat::Markdown => print(&report::compared_markdown(&compared)),
        CompareFormat::Json => print(&compared.to_json()),
    }
    compared.verdict().map(|()| ExitCode::Done)
}

fn ask(arguments: &CompareArguments) -> Result<Compared> {
    let CompareArguments { base, candidate, difference, force, .. } = arguments;
    if let Some(option) = candidate.iter().find(|path| path.to_string_lossy().starts_with('-')) {
        let option = option.display();
        return Err(Error::Usage(format!(
            "{option} stands after --, where only runs are accepted; put it first: numamark compare {option} .. BASE.. -- CANDIDATE.."
        )));
    }
    match (arguments.arms, base.as_slice(), candidate.as_slice()) {
        (true, [run], []) => compare_arms(run, *difference, *force),
        (true, ..) => {
            Err(Error::Usage("--arms compares the arms of one run: numamark compare RUN --arms".to_owned()))
        }
        (false, [run], []) => {
            let run = run.display();
            Err(Error::Usage(format!(
                "nothing to compare {run} with: numamark compare {run} CANDIDATE, or numamark compare {run} --arms for the arms in it"
            )))
        }
        (false, [ours, theirs], []) => runs(arguments, vec![ours.clone()], vec![theirs.clone()]),
        (false, several, []) => {
            let paths = |paths: &[PathBuf]| {
                paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" ")
            };
            // The most likely intention: the first half is compared with the second.
            let (ours, theirs) = several.split_at(several.len() / 2);
            let why = match several.len() % 2 {
                0 => "",
                _ => ", as many on each side",
            };
            Err(Error::Usage(format!(
                "{} runs: separate those of the base from those of the candidate with --{why}: numamark compare {} -- {}",
                several.len(),
                paths(ours),
                paths(theirs)
            )))
        }
        (false, ..) => runs(arguments, base.clone(), candidate.clone()),
    }
}

fn runs(arguments: &CompareArguments, base: Vec<PathBuf>, candidate: Vec<PathBuf>) -> Result<Compared> {
    let CompareArguments { difference, force, .. } = *arguments;
    compare_runs(&ComparisonRequest { base, candidate, difference, force })
}
