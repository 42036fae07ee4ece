//! The command line as clap sees it: words and help, no behaviour.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::job_name;
use super::job_name::JobPath;
use super::stream::StreamArguments;
use crate::job::Setting;
use crate::units::Nanoseconds;

/// Measures how fast each NUMA node generates data and allocates memory, and how far the figures can be believed
#[derive(Debug, Parser)]
#[command(
    name = "numamark",
    version,
    max_term_width = 80,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub struct Arguments {
    /// The subcommand.
    #[command(subcommand)]
    pub command: Command,
}

/// One variant per subcommand.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a job: one rank per NUMA node, under a launcher or without one
    #[command(
        override_usage = "numamark run [OPTIONS] <JOB>\n       numamark run [OPTIONS] --resume <DIR>",
        after_help = "Example: numamark run quick --set run.duration=5s --out results/first"
    )]
    Run(RunArguments),
    /// Predict what a job would do: tries its cases for a moment, keeps nothing
    #[command(after_help = "Example: numamark plan quick --topology \"pack:2 numa:4 core:24 pu:1\"")]
    Plan(PlanArguments),
    /// List the built-in jobs, or print one as a start for your own
    #[command(after_help = "Example: numamark jobs quick > my.toml")]
    Jobs(JobsArguments),
    /// Show which rank would bind where, and why
    #[command(after_help = "Example: numamark topo --topology \"pack:4 numa:4 core:24 pu:1\"")]
    Topo(TopoArguments),
    /// Recompute every figure of a run from its parts; exit code 1 when one differs
    #[command(after_help = "Example: numamark verify results/first")]
    Verify(DirectoryArguments),
    /// Write the result files of a run that was stopped or died, marked partial
    #[command(after_help = "Example: numamark recover results/first")]
    Recover(DirectoryArguments),
    /// Show a run, or the complete repetitions of one that was stopped or still runs
    #[command(after_help = "Example: numamark report results/first --format markdown > first.md")]
    Report(ReportArguments),
    /// Compare runs, or the arms (variants) in one run: faster, slower, no difference, cannot tell
    #[command(
        override_usage = "numamark compare [OPTIONS] <BASE> <CANDIDATE>\n       numamark compare [OPTIONS] <BASE>... -- <CANDIDATE>...\n       numamark compare [OPTIONS] <RUN> --arms",
        after_help = "Example: numamark compare results/first results/second"
    )]
    Compare(CompareArguments),
    /// Write generated data, a part of a stream, to standard output
    #[command(after_help = "Example: numamark generate --length 64MiB --dedup 1.5 --compress 2 > data.bin")]
    Generate(GenerateArguments),
    /// Check data that `numamark generate` wrote, or find out what a file holds instead; exit code 1 when a byte is wrong
    #[command(after_help = "Example: numamark check-data data.bin --dedup 1.5 --compress 2")]
    CheckData(CheckDataArguments),
    /// Show what on this machine would disturb a benchmark, and what helps
    #[command(after_help = "Example: numamark env > env.txt")]
    Env(EnvArguments),
    /// Print the JSON Schema of the job file or of run.json
    #[command(after_help = "Example: numamark schema job > job.schema.json")]
    Schema(SchemaArguments),
    /// Print the script with which a shell completes numamark's command line
    #[command(after_help = "Example: source <(numamark completions bash)")]
    Completions(CompletionsArguments),
    /// Write the man pages of numamark and its subcommands to a folder
    #[command(hide = true, after_help = "Example: numamark man target/man")]
    Man(ManArguments),
}

/// `numamark run`.
#[derive(Debug, Args)]
pub struct RunArguments {
    /// The job file, or the name of a built-in job (`numamark jobs`); `-` reads standard input (of rank 0)
    #[arg(
        value_name = "JOB",
        value_parser = JobPath,
        hide_possible_values = true,
        required_unless_present = "resume",
        conflicts_with = "resume"
    )]
    pub job: Option<PathBuf>,
    /// Continue an interrupted run with its own job
    #[arg(long, value_name = "DIR", conflicts_with_all = ["set", "sweep", "out"])]
    pub resume: Option<PathBuf>,
    /// Changes to the job
    #[command(flatten)]
    pub change: ChangeArguments,
    /// The run directory itself; it must not exist [default: a new one under results/]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Ranks to start in this process when there is no launcher [default: one per allowed NUMA node]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub ranks: Option<u32>,
    /// Refuse to run unless the launcher started this many ranks
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub expect_ranks: Option<u32>,
    /// Stop, with exit code 4, before a repetition that would end later than this after the start: 20m, 2h
    #[arg(long, value_name = "LIMIT", value_parser = Nanoseconds::parse)]
    pub time: Option<Nanoseconds>,
    /// No progress on stderr
    #[arg(long, short)]
    pub quiet: bool,
    /// Print where each rank is bound, the figures of each repetition, the time each stage took; on stderr
    #[arg(long, short, conflicts_with = "quiet")]
    pub verbose: bool,
}

/// `numamark plan`.
#[derive(Debug, Args)]
pub struct PlanArguments {
    /// The job file, or the name of a built-in job
    #[arg(value_name = "JOB", value_parser = JobPath, hide_possible_values = true)]
    pub job: PathBuf,
    /// Changes to the job
    #[command(flatten)]
    pub change: ChangeArguments,
    /// Machine and ranks to plan for
    #[command(flatten)]
    pub machine: TopoArguments,
    /// Number of hosts, all equal
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=65536))]
    pub hosts: u32,
    /// Exit code 5 when the run would take longer than this: 20m, 2h
    #[arg(long, value_name = "LIMIT", value_parser = Nanoseconds::parse)]
    pub time: Option<Nanoseconds>,
    /// Also print the command that submits the run to Slurm
    #[arg(long)]
    pub slurm: bool,
    /// Do not try the cases; print only what follows from the job
    #[arg(long)]
    pub no_probe: bool,
}

/// Changes that `run` and `plan` make to a job without editing its file.
#[derive(Debug, Args)]
pub struct ChangeArguments {
    /// Change a key of the job, checked like the file
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Measure a key's values one by one: a list, or a range such as 1..64*2
    #[arg(long, value_name = "KEY=V1,V2")]
    pub sweep: Vec<String>,
}

impl ChangeArguments {
    /// In the order in which they are applied: a sweep replaces what was set.
    pub fn settings(&self) -> Vec<Setting> {
        let set = self.set.iter().map(Setting::new);
        set.chain(self.sweep.iter().map(Setting::sweep)).collect()
    }
}

/// `numamark jobs`.
#[derive(Debug, Args)]
pub struct JobsArguments {
    /// The job to print [default: a list of all]
    #[arg(value_name = "NAME", value_parser = job_name::names())]
    pub name: Option<String>,
}

/// `numamark topo`.
#[derive(Debug, Args)]
pub struct TopoArguments {
    /// Another machine: hwloc's synthetic description, or an XML file of lstopo [default: this machine]
    #[arg(long, value_name = "SYNTHETIC|FILE.xml")]
    pub topology: Option<String>,
    /// Ranks on each host [default: one per allowed NUMA node]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub ranks_per_host: Option<u32>,
    /// Several ranks may share a node; its PUs are split among them
    #[arg(long)]
    pub share_nodes: bool,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = MachineFormat::Text)]
    pub format: MachineFormat,
}

/// `numamark env`.
#[derive(Debug, Args)]
pub struct EnvArguments {
    /// Form of the output
    #[arg(long, value_enum, default_value_t = MachineFormat::Text)]
    pub format: MachineFormat,
}

/// Forms in which a machine and a plan can be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum MachineFormat {
    /// 80 columns
    Text,
    /// One object, for programs
    Json,
}

/// A run directory.
#[derive(Debug, Args)]
pub struct DirectoryArguments {
    /// The run directory
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
}

/// `numamark report`.
#[derive(Debug, Args)]
pub struct ReportArguments {
    /// The run directory
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = ReportFormat::Table)]
    pub format: ReportFormat,
    /// Every case in full, with its own heat map of all hosts
    #[arg(long, short)]
    pub verbose: bool,
}

/// Forms a run can be shown in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// The summary that `run` prints at its end, in 80 columns
    Table,
    /// The same as GitHub's tables, one row per case
    Markdown,
    /// One row for each figure of each case
    Csv,
    /// run.json as it is
    Json,
    /// One test per gate, for viewers of test results
    Junit,
}

/// `numamark compare`.
#[derive(Debug, Args)]
pub struct CompareArguments {
    /// A run, and the run to compare it with; several runs of the base; or the run whose arms are compared
    #[arg(value_name = "BASE", required = true)]
    pub base: Vec<PathBuf>,
    /// With several runs per side: those of the candidate, as many, paired with the base's in the order given
    #[arg(value_name = "CANDIDATE", last = true)]
    pub candidate: Vec<PathBuf>,
    /// Compare the arms of one run, each with its base
    #[arg(long, conflicts_with = "candidate")]
    pub arms: bool,
    /// Differences below this count as none
    #[arg(long, value_name = "PERCENT", default_value = "2%", value_parser = percent)]
    pub difference: f64,
    /// Exit code 3 when the whole confidence interval of a rate is worse by more than this; a warning when a part of it is
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    pub bound: Option<f64>,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = CompareFormat::Text)]
    pub format: CompareFormat,
    /// Compare even runs that are not comparable, and mark the output
    #[arg(long)]
    pub force: bool,
    /// Every figure of every case, with its statistical tests
    #[arg(long, short)]
    pub verbose: bool,
}

/// Forms a comparison can be shown in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CompareFormat {
    /// 80 columns
    Text,
    /// GitHub's tables, every case
    Markdown,
    /// Everything, at full precision
    Json,
}

/// `5%` or `5` as a share: above 0, below 100.
fn percent(text: &str) -> Result<f64, String> {
    let number = text.trim().trim_end_matches('%').trim_end();
    match number.parse::<f64>() {
        Ok(percent) if percent > 0.0 && percent < 100.0 => Ok(percent / 100.0),
        _ => Err("expected a percentage above 0 and below 100, such as 2%".to_owned()),
    }
}

/// `numamark generate`.
#[derive(Debug, Args)]
pub struct GenerateArguments {
    /// Number of bytes to write: 256MiB
    #[arg(long, value_name = "SIZE", value_parser = super::stream::size)]
    pub length: u64,
    /// Which stream, and from where
    #[command(flatten)]
    pub stream: StreamArguments,
}

/// `numamark check-data`.
#[derive(Debug, Args)]
pub struct CheckDataArguments {
    /// The file; `-` reads standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Check only this much of the file, from its beginning [default: all of it]
    #[arg(long, value_name = "SIZE", value_parser = super::stream::size)]
    pub length: Option<u64>,
    /// Which stream, and from where: as it was generated
    #[command(flatten)]
    pub stream: StreamArguments,
}

/// `numamark schema`.
#[derive(Debug, Args)]
pub struct SchemaArguments {
    /// Which file
    #[arg(value_enum, value_name = "FILE")]
    pub of: SchemaOf,
}

/// Files with a published schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// The job file
    Job,
    /// run.json
    Run,
}

/// `numamark completions`.
#[derive(Debug, Args)]
pub struct CompletionsArguments {
    /// Which shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// `numamark man`.
#[derive(Debug, Args)]
pub struct ManArguments {
    /// The folder; created when it does not exist
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
}
