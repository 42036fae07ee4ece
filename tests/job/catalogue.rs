//! The catalogue of error messages: `tests/job/errors/*.txt`.
//!
//! An example is a title after `===`, `--set` and `--sweep` arguments after `$`, the job file, and after `---` what is printed.

use std::fs;
use std::path::{Path, PathBuf};

use numamark::error::ExitCode;
use numamark::job::{Job, Setting};

/// One example of the catalogue.
pub struct Example {
    pub title: String,
    pub settings: Vec<Setting>,
    pub text: String,
    /// The printed text, according to the catalogue.
    pub printed: String,
}

impl Example {
    fn read(section: &str) -> Example {
        let (title, rest) = section.split_once('\n').expect("a title stands on its own line");
        // An empty job file leaves nothing before the dashes.
        let (job, printed) = match rest.strip_prefix("---\n") {
            Some(printed) => ("", printed),
            None => rest.split_once("\n---\n").map_or((rest, ""), |(job, printed)| (job, printed)),
        };
        let settings: Vec<Setting> = job.lines().map_while(setting).collect();
        let lines = job.lines().skip(settings.len());
        let text = lines.map(|line| format!("{line}\n")).collect();
        Example { title: title.to_owned(), settings, text, printed: printed.trim_end().to_owned() }
    }

    /// As the catalogue keeps it.
    pub fn write(&self) -> String {
        let typed = |setting: &Setting| format!("$ {} {}\n", setting.flag(), setting.text());
        let settings: String = self.settings.iter().map(typed).collect();
        format!("=== {}\n{settings}{}---\n{}\n\n", self.title, self.text, self.printed)
    }

    /// Prints the error of this example.
    pub fn print(&self) -> String {
        let error = match Job::parse(&self.text, "job.toml", &self.settings) {
            Ok(job) => panic!("{}: accepted as {job:?}", self.title),
            Err(error) => error,
        };
        assert_eq!(error.exit_code(), ExitCode::Usage, "{}", self.title);
        error.to_string()
    }
}

fn setting(line: &str) -> Option<Setting> {
    let (flag, argument) = line.strip_prefix("$ ")?.split_once(' ')?;
    match flag {
        "--set" => Some(Setting::new(argument)),
        "--sweep" => Some(Setting::sweep(argument)),
        other => panic!("the option {other} is not known here"),
    }
}

/// Every file of the catalogue with its examples.
pub fn catalogue() -> Vec<(PathBuf, Vec<Example>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/job/errors");
    let files = fs::read_dir(folder).expect("the catalogue is there");
    let mut paths: Vec<PathBuf> = files.map(|file| file.expect("readable").path()).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("the catalogue is text");
        let sections = text.strip_prefix("=== ").expect("the catalogue begins with a title").split("\n=== ");
        let examples = sections.map(Example::read).collect();
        (path, examples)
    };
    paths.into_iter().map(read).collect()
}
