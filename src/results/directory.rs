//! The run directory. Rank 0 creates it, every other rank proves that it sees the same directory, and renaming
//! `run.json` into place finishes it.
//!
//! ```text
//! DIR/run.json            the result; written last, under a temporary name, and renamed
//! DIR/samples.parquet     every measured value, one in each row
//! DIR/histograms.hlog     every histogram, by round over all ranks and by host over all rounds
//! DIR/suspect_nodes.txt   the hosts of stragglers; only when there are any
//! DIR/live.json           the progress of the run, for watchers
//! DIR/parts/header.json   the header: all that `recover` needs beside the parts
//! DIR/parts/token         proves to other ranks that they see the same directory, and is locked while the run is going
//!                         on; removed when the run ends
//! DIR/parts/rank-00000.jsonl  the part of one rank
//! ```

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;

use super::name::unique;
use super::{histograms, samples, suspects};
use crate::aggregate::evidence::Evidence;
use crate::error::{Error, Result};
use crate::record::durable::{remove, replace, sync_names, write_durably};
use crate::record::json_text;
use crate::record::line::Begin;
use crate::record::part::Part;
use crate::record::run::{Header, Run, SCHEMA};

/// The directory of one run.
#[derive(Clone, Debug)]
pub struct RunDirectory {
    path: PathBuf,
}

/// Time that a rank looks for rank 0's token: network file systems cache the absence of a file.
const TOKEN_PATIENCE: Duration = Duration::from_secs(10);
const TOKEN_INTERVAL: Duration = Duration::from_millis(100);

impl RunDirectory {
    /// Creates the directory, on rank 0. Returns the token that the other ranks must find in it. Send them `path()`,
    /// which is absolute: their working directories may differ.
    ///
    /// # Errors
    /// When the path exists, or cannot be created or written.
    pub fn create(path: &Path) -> Result<(RunDirectory, String)> {
        let path = &std::path::absolute(path).map_err(|why| place_error(path, &why))?;
        let parent = path.parent().unwrap_or(Path::new(""));
        if !parent.as_os_str().is_empty() {
            fs::create_dir_all(parent).map_err(|why| place_error(parent, &why))?;
        }
        fs::create_dir(path).map_err(|why| match why.kind() {
            io::ErrorKind::AlreadyExists => Error::DirectoryExists(path.to_owned()),
            _ => place_error(path, &why),
        })?;
        let directory = RunDirectory { path: path.to_owned() };
        let parts = directory.parts();
        fs::create_dir(&parts).map_err(|why| place_error(&parts, &why))?;
        let token = directory.renew_token()?;
        Ok((directory, token))
    }

    /// Writes a token that is unique to this directory, and returns it.
    pub(super) fn renew_token(&self) -> Result<String> {
        let token = format!("{:016x}", unique());
        write_durably(&self.token(), token.as_bytes())?;
        Ok(token)
    }

    /// Opens the directory that rank 0 created, on every other rank.
    ///
    /// # Errors
    /// When the token does not appear within ten seconds: this host sees another directory.
    pub fn join(path: &Path, token: &str) -> Result<RunDirectory> {
        RunDirectory::join_within(path, token, TOKEN_PATIENCE)
    }

    fn join_within(path: &Path, token: &str, patience: Duration) -> Result<RunDirectory> {
        let directory = RunDirectory { path: path.to_owned() };
        let start = Instant::now();
        loop {
            let found = fs::read_to_string(directory.token());
            if found.as_ref().is_ok_and(|found| found == token) {
                return Ok(directory);
            }
            if start.elapsed() >= patience {
                let found = match found {
                    Ok(_) => "another run's directory is there".to_owned(),
                    Err(why) => why.to_string(),
                };
                return Err(Error::Environment(format!(
                    "run directory {} is not the one that rank 0 made ({found}); give --out a path on a file system that all hosts share",
                    path.display()
                )));
            }
            std::thread::sleep(TOKEN_INTERVAL);
        }
    }

    /// Opens the directory of an earlier run.
    ///
    /// # Errors
    /// When it is not a run directory.
    pub fn open(path: &Path) -> Result<RunDirectory> {
        let directory = RunDirectory { path: path.to_owned() };
        match fs::metadata(directory.parts()) {
            Ok(parts) if parts.is_dir() => Ok(directory),
            Ok(_) => Err(not_a_run(path, "parts is not a directory")),
            Err(_) if path.is_dir() => Err(not_a_run(path, "it has no parts/")),
            Err(_) if path.exists() => Err(not_a_run(path, "it is a file; give the directory it stands in")),
            Err(why) => Err(not_a_run(path, &why.to_string())),
        }
    }

    /// Starts this rank's part.
    ///
    /// # Errors
    /// When the file exists or cannot be written.
    pub fn part(&self, begin: &Begin) -> Result<Part> {
        Part::create(&self.parts(), begin)
    }

    /// Writes the header, on rank 0, before the first repetition.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_header(&self, header: &Header) -> Result<()> {
        write_durably(&self.header(), &pretty(header))
    }

    /// Writes all files that follow from the parts, `run.json` last: the final step of a run, on rank 0.
    ///
    /// # Errors
    /// When a file cannot be written; then no `run.json` and no partial file appears.
    pub fn write_results(&self, run: &Run, evidence: &Evidence) -> Result<()> {
        let written = samples::write(&self.samples(), run, evidence)
            .and_then(|()| histograms::write(&self.histograms(), run, evidence))
            .and_then(|()| suspects::write(&self.suspects(), run))
            .and_then(|()| replace(&self.run(), |file| file.write_all(&pretty(run))))
            .and_then(|()| sync_names(&self.path));
        // The token is no longer needed; a leftover token is harmless.
        let _ = fs::remove_file(self.token());
        written
    }

    /// Removes the files that follow from the parts, before the parts change.
    ///
    /// # Errors
    /// When a file exists and cannot be removed.
    pub(super) fn remove_results(&self) -> Result<()> {
        let files = [self.run(), self.samples(), self.histograms(), self.suspects()];
        files.iter().try_for_each(|path| remove(path))
    }

    /// Reads `run.json`.
    ///
    /// # Errors
    /// When it is missing (the run was stopped, died or is still running), has another schema version, or was not
    /// written by numamark.
    pub fn read_run(&self) -> Result<Run> {
        self.check_run()?;
        read_json(&self.run())
    }

    /// Reads `run.json` as a JSON tree, unknown keys included.
    ///
    /// # Errors
    /// As `read_run`, but any JSON is accepted.
    pub(super) fn read_run_tree(&self) -> Result<serde_json::Value> {
        self.check_run()?;
        read_json(&self.run())
    }

    /// Checks that `run.json` exists and has the schema version that this numamark reads.
    fn check_run(&self) -> Result<()> {
        let path = self.run();
        if !path.exists() {
            let directory = self.path.display();
            return Err(Error::Failed(format!(
                "{directory} has no run.json: the run did not reach its end; numamark report {directory} shows the repetitions that are complete"
            )));
        }
        check_schema(&path)
    }

    /// True when rank 0 has written the header.
    pub(super) fn has_header(&self) -> bool {
        self.header().exists()
    }

    /// Reads the header.
    ///
    /// # Errors
    /// When it is missing, has another schema version, or was not written by numamark.
    pub fn read_header(&self) -> Result<Header> {
        check_schema(&self.header())?;
        read_json(&self.header())
    }

    /// Gathers the evidence of all parts.
    ///
    /// # Errors
    /// When a part is missing, unreadable or damaged before its last line.
    pub fn evidence(&self) -> Result<Evidence> {
        Evidence::from_parts(&self.part_paths()?)
    }

    /// Returns the files of all parts, by rank: names of ranks from 100,000 on are longer, so shorter names come first.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn part_paths(&self) -> Result<Vec<PathBuf>> {
        let parts = self.parts();
        let unreadable =
            |why: io::Error| Error::Failed(format!("{}: cannot be read: {why}", parts.display()));
        let mut paths = Vec::new();
        for entry in fs::read_dir(&parts).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.extension().is_some_and(|extension| extension == "jsonl") {
                paths.push(path);
            }
        }
        paths.sort_by_cached_key(|path| (path.as_os_str().len(), path.clone()));
        Ok(paths)
    }

    /// Path of the directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Path of `run.json`.
    pub fn run(&self) -> PathBuf {
        self.path.join("run.json")
    }

    /// Path of `samples.parquet`.
    pub fn samples(&self) -> PathBuf {
        self.path.join("samples.parquet")
    }

    /// Path of `histograms.hlog`.
    pub fn histograms(&self) -> PathBuf {
        self.path.join("histograms.hlog")
    }

    /// Path of `suspect_nodes.txt`, the hosts of stragglers, which a batch system can exclude; absent when there are
    /// none.
    pub fn suspects(&self) -> PathBuf {
        self.path.join("suspect_nodes.txt")
    }

    /// Path of `live.json`.
    pub fn live(&self) -> PathBuf {
        self.path.join("live.json")
    }

    pub(super) fn parts(&self) -> PathBuf {
        self.path.join("parts")
    }

    pub(super) fn token(&self) -> PathBuf {
        self.parts().join("token")
    }

    fn header(&self) -> PathBuf {
        self.parts().join("header.json")
    }
}

/// Returns the text of `run.json`.
pub fn to_json(run: &Run) -> String {
    json_text(run)
}

fn pretty<T: serde::Serialize>(value: &T) -> Vec<u8> {
    json_text(value).into_bytes()
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text =
        fs::read(path).map_err(|why| Error::Failed(format!("{}: cannot be read: {why}", path.display())))?;
    serde_json::from_slice(&text)
        .map_err(|why| Error::Failed(format!("{}: is not what numamark writes: {why}", path.display())))
}

/// Checks the schema version first, so that the error names another version and not its first unknown field.
fn check_schema(path: &Path) -> Result<()> {
    #[derive(serde::Deserialize)]
    struct Version {
        schema: u32,
    }
    let Version { schema } = read_json(path)?;
    if schema != SCHEMA {
        return Err(Error::Failed(format!(
            "{}: has schema {schema}; this numamark reads schema {SCHEMA}",
            path.display()
        )));
    }
    Ok(())
}

fn place_error(path: &Path, why: &io::Error) -> Error {
    Error::Environment(format!(
        "cannot create run directory {}: {why}; choose a writable place with --out",
        path.display()
    ))
}

fn not_a_run(path: &Path, why: &str) -> Error {
    Error::Usage(format!("{} is not a run directory: {why}", path.display()))
}
