//! The command line: one file per subcommand, and the only place that prints an error.

mod arguments;
mod check_data;
mod compare;
mod completions;
mod env;
mod generate;
mod inspect;
mod job_name;
mod jobs;
mod json;
mod machine;
mod man;
mod progress;
mod run;
mod screen;
mod stream;
mod suggestions;

use clap::{CommandFactory, FromArgMatches};

use crate::comm::speak_as_one;
use crate::error::{Error, ExitCode, Result};
use arguments::{Arguments, Command};

/// Runs the program on its own command line and returns the exit code.
pub fn main() -> ExitCode {
    let arguments = match parse() {
        Ok(arguments) => arguments,
        Err(why) => {
            // clap sends help and version to stdout and errors to stderr; a closed pipe is the reader's choice.
            let print = || drop(why.print());
            if !why.use_stderr() {
                print();
                return ExitCode::Done;
            }
            speak_as_one(run::launcher().as_ref(), print);
            return ExitCode::Usage;
        }
    };
    match execute(&arguments.command) {
        Ok(code) => code,
        Err(error) => {
            match &arguments.command {
                Command::Run(_) => speak_as_one(run::launcher().as_ref(), || report(&error)),
                _ => report(&error),
            }
            error.exit_code()
        }
    }
}

fn parse() -> Result<Arguments, clap::Error> {
    let command = command();
    let matches = command.clone().try_get_matches();
    matches
        .and_then(|matches| Arguments::from_arg_matches(&matches))
        .map_err(|error| suggestions::with_suggestions(error, &command))
}

/// The command line, with the whole usage line in every error: clap's own line has only missing and given arguments.
fn command() -> clap::Command {
    let mut command = Arguments::command();
    command.build();
    for subcommand in command.get_subcommands_mut() {
        let usage = subcommand.render_usage().to_string();
        let usage = usage.trim_start_matches("Usage: ").to_owned();
        *subcommand = std::mem::take(subcommand).override_usage(usage);
    }
    command
}

fn execute(command: &Command) -> Result<ExitCode> {
    match command {
        Command::Run(arguments) => run::run(arguments),
        Command::Plan(arguments) => machine::plan(arguments),
        Command::Jobs(arguments) => jobs::jobs(arguments),
        Command::Topo(arguments) => machine::topo(arguments),
        Command::Verify(arguments) => inspect::verify(arguments),
        Command::Recover(arguments) => inspect::recover(arguments),
        Command::Report(arguments) => inspect::report(arguments),
        Command::Compare(arguments) => compare::compare(arguments),
        Command::Generate(arguments) => generate::generate(arguments),
        Command::CheckData(arguments) => check_data::check_data(arguments),
        Command::Env(arguments) => env::env(arguments),
        Command::Schema(arguments) => inspect::schema(arguments),
        Command::Completions(arguments) => completions::completions(arguments),
        Command::Man(arguments) => man::man(arguments),
    }
}

fn report(error: &Error) {
    use std::io::Write;
    let _closed_pipe = match error {
        // A request to stop is no fault of the rank that received it.
        Error::OnRank { code: ExitCode::Incomplete, message, .. } => {
            writeln!(std::io::stderr(), "numamark: {message}")
        }
        error => writeln!(std::io::stderr(), "numamark: {error}"),
    };
}

/// Prints to stdout. A reader that closes the pipe early (`| head`) is not an error.
fn print(text: &str) {
    use std::io::Write;
    let mut stdout = std::io::stdout().lock();
    let _closed_pipe = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}
