//! `numamark jobs`: the built-in jobs.

use super::arguments::JobsArguments;
use super::print;
use crate::error::{ExitCode, Result};
use crate::job::{BUILT_IN, BuiltIn};
use crate::screen::wrapped;

/// Column at which the questions begin.
const QUESTION_COLUMN: usize = 20;

/// Lists the jobs with the questions that they answer, or prints the file of one.
pub fn jobs(arguments: &JobsArguments) -> Result<ExitCode> {
    match arguments.name.as_deref().and_then(BuiltIn::find) {
        Some(job) => print(job.text),
        None => print(&list()),
    }
    Ok(ExitCode::Done)
}

fn list() -> String {
    let mut text = String::new();
    for job in BUILT_IN {
        let question = job.question();
        let name = format!("{:<width$}", job.name, width = QUESTION_COLUMN - 1);
        let pieces = std::iter::once(name.as_str()).chain(question.split_whitespace());
        for line in wrapped(pieces, " ", &" ".repeat(QUESTION_COLUMN), 80) {
            text += &line;
            text.push('\n');
        }
    }
    text + "\nnumamark run NAME runs a job, numamark jobs NAME prints its file.\n"
}
