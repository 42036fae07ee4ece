//! `numamark compare`: tells if one arm, or one set of runs, is faster than another.

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
            "{option} stands behind --, where only runs do; options come first: numamark compare {option} .. BASE.. -- CANDIDATE.."
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
                "nothing to compare {run} with: numamark compare {run} -- CANDIDATE, or numamark compare {run} --arms for the arms in it"
            )))
        }
        (false, [base @ .., last], []) => {
            let paths = |paths: &[std::path::PathBuf]| {
                paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" ")
            };
            // The most likely intention: the first half is compared with the second.
            let (ours, theirs) = match base.len() {
                odd if odd % 2 == 1 => arguments.base.split_at(arguments.base.len() / 2),
                _ => (base, std::slice::from_ref(last)),
            };
            Err(Error::Usage(format!(
                "-- separates the base's runs from the candidate's: numamark compare {} -- {}",
                paths(ours),
                paths(theirs)
            )))
        }
        (false, ..) => {
            let (base, candidate) = (base.clone(), candidate.clone());
            compare_runs(&ComparisonRequest { base, candidate, difference: *difference, force: *force })
        }
    }
}
