//! The temporary folder of a miniature: its run directory, and what its files take.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::plan::{LOG, ProbedFile, ProbedLog, ROUNDS};
use crate::record;
use crate::record::{Line, PartReader};
use crate::results;
use crate::results::RunDirectory;

/// The files beside the parts and the log, after all rounds and, as `recover` makes them, after the first.
pub fn files(after_all: &Path, after_one: &Path) -> Result<Vec<ProbedFile>> {
    let mut files = Vec::new();
    for (name, bytes) in list(after_all)?.into_iter().filter(|(name, _)| name != LOG) {
        let one_round_bytes = size(&after_one.join(&name)).unwrap_or(bytes);
        files.push(ProbedFile { name, one_round_bytes, bytes });
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

/// What the lines of the log take: a tag is CASE;HISTOGRAM for a round, CASE;HISTOGRAM;HOST for a host.
pub fn log(path: &Path) -> Result<ProbedLog> {
    let text = fs::read_to_string(path).map_err(|why| unusable(path, &why))?;
    let mut log = ProbedLog::default();
    for line in text.split_inclusive('\n') {
        let tag = line.strip_prefix("Tag=").and_then(|line| line.split(',').next()).unwrap_or_default();
        let bytes = line.len() as f64;
        match tag.splitn(3, ';').nth(2) {
            Some(host) => {
                let name_bytes = host.len() as f64 + 1.0;
                log.name_bytes += name_bytes;
                log.host_bytes += bytes - name_bytes;
            }
            None if tag.is_empty() => log.frame_bytes += bytes,
            None => log.round_bytes += bytes / f64::from(ROUNDS),
        }
    }
    Ok(log)
}

/// A folder of its own that disappears with it.
pub struct Folder(PathBuf);

impl Folder {
    /// Makes it.
    pub fn new() -> Result<Folder> {
        let path = results::default_path(&std::env::temp_dir(), "numamark-plan");
        fs::create_dir(&path).map_err(|why| unusable(&path, &why))?;
        Ok(Folder(path))
    }

    /// The run directory of the whole miniature.
    pub fn run(&self) -> PathBuf {
        self.0.join("all-rounds")
    }

    /// The run as it would have been had it died after its first round, and was recovered.
    pub fn after_one_round(&self) -> Result<PathBuf> {
        let (from, to) = (self.run(), self.0.join("one-round"));
        let parts = to.join("parts");
        fs::create_dir_all(&parts).map_err(|why| unusable(&parts, &why))?;
        let header = |run: &Path| run.join("parts").join("header.json");
        fs::copy(header(&from), header(&to)).map_err(|why| unusable(&header(&to), &why))?;
        for part in RunDirectory::open(&from)?.part_paths()? {
            let path = parts.join(part.file_name().expect("it is a file in a folder"));
            fs::write(&path, first_round(&part)?).map_err(|why| unusable(&path, &why))?;
        }
        results::recover(&to)?;
        Ok(to)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed from a temporary folder is removed by whoever cleans that.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A part as it was after its first round.
fn first_round(part: &Path) -> Result<Vec<u8>> {
    let mut reader = PartReader::open(part)?;
    let mut lines = vec![Line::Begin(reader.begin().clone())];
    while let Some(line) = reader.next_line()? {
        if matches!(&line, Line::Repetition(repetition) if repetition.round == 0) {
            lines.push(line);
        }
    }
    let newline = |line: &Line| [record::encode(line), vec![b'\n']].concat();
    Ok(lines.iter().flat_map(newline).collect())
}

/// Name and size of the files that stand directly in a folder.
fn list(folder: &Path) -> Result<Vec<(String, u64)>> {
    let unreadable = |why: std::io::Error| unusable(folder, &why);
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let metadata = entry.metadata().map_err(unreadable)?;
        if metadata.is_file() {
            files.push((entry.file_name().to_string_lossy().into_owned(), metadata.len()));
        }
    }
    Ok(files)
}

/// Bytes of a file, or of the files in a folder.
pub fn size(path: &Path) -> Result<u64> {
    if path.is_dir() {
        return Ok(list(path)?.iter().map(|(_, bytes)| bytes).sum());
    }
    fs::metadata(path).map(|metadata| metadata.len()).map_err(|why| unusable(path, &why))
}

fn unusable(path: &Path, why: &std::io::Error) -> Error {
    Error::Environment(format!("cannot write a run in miniature to {}: {why}; set TMPDIR", path.display()))
}
