//! `numamark completions`: a script with which a shell completes the command line.

use clap_complete::Shell;

use super::arguments::CompletionsArguments;
use super::{command, print};
use crate::error::{ExitCode, Result};
use crate::job::BUILT_IN;

/// Prints the completions of one shell.
pub fn completions(arguments: &CompletionsArguments) -> Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command(), "numamark", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    print(&match arguments.shell {
        Shell::Fish => with_jobs_for_fish(script),
        Shell::Zsh => with_files_for_zsh(&script),
        _ => script,
    });
    Ok(ExitCode::Done)
}

fn job_names() -> String {
    BUILT_IN.iter().map(|job| job.name).collect::<Vec<_>>().join(" ")
}

/// Adds the names of the built-in jobs. clap writes no words of arguments without a flag for fish.
fn with_jobs_for_fish(script: String) -> String {
    let names = job_names();
    let offer = |subcommands: &str, files: &str| {
        let condition = format!("__fish_numamark_using_subcommand {subcommands}");
        format!("complete -c numamark -n \"{condition}\" {files}-a \"{names}\" -d 'Built-in job'\n")
    };
    script + &offer("run plan", "") + &offer("jobs", "-f ")
}

/// Adds files to the names of the built-in jobs. clap writes known values as the only ones for zsh.
fn with_files_for_zsh(script: &str) -> String {
    let names = job_names();
    let lines = script.lines().map(|line| {
        let of_job = line.trim_start_matches(['\'', ':']).starts_with("job -- ");
        match line.split_once(&format!(":({names})")) {
            Some((before, after)) if of_job => format!("{before}:_numamark_job{after}\n"),
            _ => format!("{line}\n"),
        }
    });
    let function = format!("_numamark_job() {{\n    compadd -- {names}\n    _files\n}}\n\n");
    let script: String = lines.collect();
    // The last lines of the script call the functions above them.
    let end = script.rfind("if [ \"$funcstack").unwrap_or(script.len());
    format!("{}{function}{}", &script[..end], &script[end..])
}
