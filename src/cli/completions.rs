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
        Shell::Elvish => with_jobs_for_elvish(&script),
        Shell::PowerShell => with_jobs_for_powershell(&script),
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

/// Adds the names of the built-in jobs, and files. clap writes no words of arguments for elvish, and its script fails on a
/// word that is no subcommand.
fn with_jobs_for_elvish(script: &str) -> String {
    let names: String =
        BUILT_IN.iter().map(|job| format!("            cand {} 'Built-in job'\n", job.name)).collect();
    let files = "            edit:complete-filename $words[-1]\n";
    let lines = script.lines().map(|line| {
        let added = match line.trim() {
            "&'numamark;run'= {" | "&'numamark;plan'= {" => names.clone() + files,
            "&'numamark;jobs'= {" => names.clone(),
            _ => String::new(),
        };
        let before = match line.trim() {
            "$completions[$command]" => {
                "    while (not (has-key $completions $command)) {\n        \
                 set command = (str:join ';' [(str:split ';' $command)][..-1])\n    }\n"
            }
            _ => "",
        };
        format!("{before}{line}\n{added}")
    });
    lines.collect()
}

/// Adds the names of the built-in jobs; PowerShell itself offers files where no name fits. clap writes no words of
/// arguments, and offers nothing behind a word that is no subcommand.
fn with_jobs_for_powershell(script: &str) -> String {
    let offer = |name: &str| {
        format!(
            "            [CompletionResult]::new('{name}', '{name}', [CompletionResultType]::ParameterValue, 'Built-in job')\n"
        )
    };
    let names: String = BUILT_IN.iter().map(|job| offer(job.name)).collect();
    let lines = script.lines().map(|line| match line.trim() {
        "'numamark;run' {" | "'numamark;plan' {" | "'numamark;jobs' {" => format!("{line}\n{names}"),
        "$completions = @(switch ($command) {" => {
            format!("    $command = $command -replace '^(numamark;(?!help)[^;]+);.*', '$1'\n\n{line}\n")
        }
        _ => format!("{line}\n"),
    });
    lines.collect()
}
