//! `numamark verify`, `recover`, `report` and `schema`: subcommands that read run directories.

use super::arguments::{DirectoryArguments, ReportArguments, ReportFormat, SchemaArguments, SchemaOf};
use super::{print, screen};
use crate::error::{ExitCode, Result};
use crate::record;
use crate::report::Detail;
use crate::results;
use crate::units::{count, counted};
use crate::{job, report};

/// Proves every aggregate of a run from its parts.
pub fn verify(arguments: &DirectoryArguments) -> Result<ExitCode> {
    let verified = results::verify(&arguments.directory)?;
    let counted = |number: usize, noun: &str| counted(count(number), noun);
    let parts = counted(verified.parts, "part");
    if let Some(standing) = &verified.standing {
        print(&format!("PARTIAL RESULT: {standing}\n"));
    }
    print(&match verified.values {
        0 => format!(
            "no run.json to verify; {parts} can be read,\n  and the ranks do not contradict each other\n"
        ),
        values => format!(
            "verified: {} of run.json, {} of samples.parquet and {} of histograms.hlog\n  follow from {parts}\n",
            counted(values, "value"),
            counted(verified.samples, "row"),
            counted(verified.histograms, "histogram")
        ),
    });
    Ok(ExitCode::Done)
}

/// Writes a partial result from the parts of a run that was stopped or died.
pub fn recover(arguments: &DirectoryArguments) -> Result<ExitCode> {
    let run = results::recover(&arguments.directory)?;
    print(&report::table_on(screen::of_stdout(), &run, Detail::Summary));
    print(&format!("\nrun directory: {}\n", arguments.directory.display()));
    Ok(ExitCode::Done)
}

/// Shows a run.
pub fn report(arguments: &ReportArguments) -> Result<ExitCode> {
    let run = results::read(&arguments.directory)?;
    match arguments.format {
        ReportFormat::Table => {
            let extent = if arguments.verbose { Detail::Everything } else { Detail::Summary };
            print(&report::table_on(screen::of_stdout(), &run, extent));
        }
        ReportFormat::Markdown => print(&report::markdown(&run)),
        ReportFormat::Csv => {
            if let Some(standing) = run.standing() {
                eprintln!("numamark: warning: partial result: {standing}");
            }
            print(&report::csv(&run));
        }
        ReportFormat::Json => print(&results::to_json(&run)),
        ReportFormat::Junit => print(&report::junit(&run)),
    }
    Ok(ExitCode::Done)
}

/// Prints a JSON Schema.
pub fn schema(arguments: &SchemaArguments) -> Result<ExitCode> {
    match arguments.of {
        SchemaOf::Job => print(&job::schema()),
        SchemaOf::Run => print(&record::run::run_schema()),
    }
    Ok(ExitCode::Done)
}
