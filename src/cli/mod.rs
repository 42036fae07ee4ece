//! The command line: one file a subcommand, and the only place that prints an error.

mod arguments;
mod inspect;
mod machine;
mod progress;
mod run;

use clap::Parser;

use crate::comm::speak_as_one;
use crate::error::{Error, ExitCode, Result};
use arguments::{Arguments, Command};

/// Runs the program on its own command line, and says how it ended.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
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

fn execute(command: &Command) -> Result<ExitCode> {
    match command {
        Command::Run(arguments) => run::run(arguments),
        Command::Plan(arguments) => machine::plan(arguments),
        Command::Topo(arguments) => machine::topo(arguments),
        Command::Verify(arguments) => inspect::verify(arguments),
        Command::Recover(arguments) => inspect::recover(arguments),
        Command::Report(arguments) => inspect::report(arguments),
        Command::Schema(arguments) => inspect::schema(arguments),
    }
}

fn report(error: &Error) {
    eprintln!("numamark: {error}");
}

/// Prints to stdout. A reader that closes the pipe early (`| head`) is not an error.
fn print(text: &str) {
    use std::io::Write;
    let mut stdout = std::io::stdout().lock();
    let _closed_pipe = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}
