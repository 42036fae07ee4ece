//! A part: one rank's own append-only file, one JSON object a line.
//!
//! A line is one `write`, so what a killed process leaves behind is whole lines and at most one torn one. A failed
//! write is cut off again. `sync` happens once, at the end: the kernel keeps what a killed process wrote.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::record::{Begin, End, Line, Repetition};
use crate::error::{Error, Result};

/// The part a rank is writing.
#[derive(Debug)]
pub struct Part {
    path: PathBuf,
    file: File,
    /// Length of the whole lines.
    bytes: u64,
}

impl Part {
    /// Creates the part of `begin.rank` in `directory` and writes its first line.
    ///
    /// # Errors
    /// When the file exists, cannot be created, or the disk is full; the message names the file.
    pub(super) fn create(directory: &Path, begin: &Begin) -> Result<Part> {
        let path = directory.join(part_name(begin.rank));
        let opened = OpenOptions::new().append(true).create_new(true).open(&path);
        let file = opened.map_err(|why| write_error(&path, &why))?;
        let mut part = Part { path, file, bytes: 0 };
        part.append(&Line::Begin(begin.clone()))?;
        Ok(part)
    }

    /// Goes on with a part that ends with a whole line.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub(super) fn append_to(path: PathBuf) -> Result<Part> {
        let file = OpenOptions::new().append(true).open(&path).map_err(|why| write_error(&path, &why))?;
        let bytes = file.metadata().map_err(|why| write_error(&path, &why))?.len();
        Ok(Part { path, file, bytes })
    }

    /// Appends one repetition.
    ///
    /// # Errors
    /// When the disk is full or the file system fails; what was written before stays whole.
    pub fn repetition(&mut self, repetition: &Repetition) -> Result<()> {
        self.append(&Line::Repetition(repetition.clone()))
    }

    /// Writes the last line and hands everything to the disk.
    ///
    /// # Errors
    /// As `repetition`; a network file system may report a full disk only now.
    pub fn end(mut self, end: &End) -> Result<()> {
        self.append(&Line::End(end.clone()))?;
        self.file.sync_all().map_err(|why| write_error(&self.path, &why))
    }

    /// Where the part is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn append(&mut self, line: &Line) -> Result<()> {
        let mut text = serde_json::to_vec(line).expect("a line holds numbers, strings and string-keyed maps");
        text.push(b'\n');
        match self.file.write_all(&text) {
            Ok(()) => {
                self.bytes += text.len() as u64;
                Ok(())
            }
            Err(why) => {
                // A second failure changes nothing: readers accept a torn last line.
                let _ = self.file.set_len(self.bytes);
                Err(write_error(&self.path, &why))
            }
        }
    }
}

/// `rank-00000.jsonl`; ranks from 100,000 on have longer names, which sort by length first.
pub(super) fn part_name(rank: u32) -> String {
    format!("rank-{rank:05}.jsonl")
}

/// What a person can do about a file that cannot be written.
pub(super) fn write_error(path: &Path, why: &io::Error) -> Error {
    let path = path.display();
    match why.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            Error::Failed(format!(
                "cannot write {path}: {why}; free space there, or choose another place with --out"
            ))
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            Error::Environment(format!("cannot write {path}: {why}; choose a writable place with --out"))
        }
        io::ErrorKind::AlreadyExists => Error::Environment(format!(
            "{path} already exists: another process writes as the same rank; was numamark started by the launcher of its own MPI library?"
        )),
        _ => Error::Failed(format!("cannot write {path}: {why}")),
    }
}

/// A part as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct PartContent {
    /// The first line.
    pub begin: Begin,
    /// Every whole repetition, in the order written.
    pub repetitions: Vec<Repetition>,
    /// The last line, when the rank finished.
    pub end: Option<End>,
    /// The file ends within a line: the rank died while writing.
    pub torn: bool,
}

impl PartContent {
    /// Reads and checks a part.
    ///
    /// # Errors
    /// With file and line: unreadable, not JSON before the last line, an impossible record, an order that no rank
    /// writes. A torn last line is no error.
    pub fn read(path: &Path) -> Result<PartContent> {
        let failed = |why: String| Error::Failed(format!("{}{why}", path.display()));
        let bytes = std::fs::read(path).map_err(|why| failed(format!(": cannot be read: {why}")))?;
        let (whole, rest) = match bytes.iter().rposition(|byte| *byte == b'\n') {
            Some(last) => bytes.split_at(last + 1),
            None => (&[][..], &bytes[..]),
        };
        let mut lines = Vec::new();
        for (number, line) in whole.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let at = |why: String| failed(format!(":{}: {why}", number + 1));
            let line: Line = serde_json::from_slice(line).map_err(|why| at(describe(&why)))?;
            check_line(&line).map_err(at)?;
            lines.push(line);
        }
        PartContent::from_lines(lines, !rest.is_empty())
            .map_err(|(line, why)| failed(format!(":{line}: {why}")))
    }

    /// `Begin`, then repetitions, then at most one `End`. The error carries the number of the line.
    fn from_lines(lines: Vec<Line>, torn: bool) -> Result<PartContent, (usize, String)> {
        let mut lines = lines.into_iter().zip(1..);
        let Some((Line::Begin(begin), _)) = lines.next() else {
            return Err((1, "the first line is not a whole \"begin\" line".to_owned()));
        };
        let mut part = PartContent { begin, repetitions: Vec::new(), end: None, torn };
        let mut seen = std::collections::BTreeSet::new();
        for (line, number) in lines {
            match line {
                _ if part.end.is_some() => return Err((number, "a line after the \"end\" line".to_owned())),
                Line::Begin(_) => return Err((number, "a second \"begin\" line".to_owned())),
                Line::Repetition(repetition) => {
                    let (case, round) = (repetition.case.clone(), repetition.round);
                    if !seen.insert((case, round)) {
                        let why = format!("case {} has round {round} a second time", repetition.case);
                        return Err((number, why));
                    }
                    part.repetitions.push(repetition);
                }
                Line::End(end) => part.end = Some(end),
            }
        }
        Ok(part)
    }
}

/// serde_json counts lines and columns within the line it was given: only the column is news.
fn describe(why: &serde_json::Error) -> String {
    let text = why.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
    format!("column {}: {text}", why.column())
}

fn check_line(line: &Line) -> Result<(), String> {
    let Line::Repetition(repetition) = line else { return Ok(()) };
    for (name, record) in &repetition.histograms {
        record.check().map_err(|why| format!("histogram {name}: {why}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::record::LocalityRecord;

    fn begin() -> Begin {
        Begin {
            rank: 0,
            size: 1,
            host: "host".to_owned(),
            node_index: Some(0),
            node_os_index: Some(0),
            pus: vec![0],
            placement: "adopted".to_owned(),
            job_hash: "hash".to_owned(),
            locality: LocalityRecord::default(),
            clock_step_ns: 1.0,
            clock_read_ns: 1.0,
        }
    }

    /// A file that exists for one closure.
    fn with_file<T>(name: &str, text: &str, read: impl FnOnce(&Path) -> T) -> T {
        let path = std::env::temp_dir().join(format!("numamark-part-{name}-{}", std::process::id()));
        std::fs::write(&path, text).expect("a temporary file");
        let result = read(&path);
        std::fs::remove_file(&path).expect("it was there");
        result
    }

    fn text(lines: &[Line]) -> String {
        let lines = lines.iter().map(|line| serde_json::to_string(line).expect("plain data") + "\n");
        lines.collect()
    }

    fn end() -> Line {
        Line::End(End { locality: LocalityRecord::default(), violations: 0, resident_peak_bytes: None })
    }

    #[test]
    fn a_full_disk_is_named_with_the_file() {
        let path = PathBuf::from("/dev/full");
        let file = OpenOptions::new().append(true).open(&path).expect("Linux has it");
        let why = Part { path, file, bytes: 0 }.append(&end()).expect_err("it is always full");
        assert_eq!(why.exit_code(), crate::error::ExitCode::Failed);
        assert!(why.to_string().starts_with("cannot write /dev/full: No space left on device"), "{why}");
        assert!(why.to_string().contains("--out"), "{why}");
    }

    #[test]
    fn a_torn_last_line_is_no_error_wherever_the_tear_is() {
        let whole = text(&[Line::Begin(begin()), end()]);
        let begin_bytes = text(&[Line::Begin(begin())]).len();
        for cut in begin_bytes..=whole.len() {
            let part = with_file("torn", &whole[..cut], PartContent::read).expect("the first line is whole");
            assert_eq!(part.end.is_some(), cut == whole.len(), "cut at {cut}");
            assert_eq!(part.torn, cut != begin_bytes && cut != whole.len(), "cut at {cut}");
        }
    }

    #[test]
    fn damage_is_named_with_file_line_and_column() {
        let begin = text(&[Line::Begin(begin())]);
        let end = text(&[end()]);
        for (damaged, expected) in [
            (String::new(), ":1: the first line is not a whole \"begin\" line"),
            (end.clone(), ":1: the first line is not a whole \"begin\" line"),
            (format!("{begin}{begin}"), ":2: a second \"begin\" line"),
            (format!("{begin}{end}{end}"), ":3: a line after the \"end\" line"),
            (format!("{begin}garbage\n{end}"), ":2: column 1: expected value"),
            (format!("{begin}\n{end}"), ":2: column "),
            (format!("{begin}{{\"kind\":\"end\",\"violations\":0}}\n"), "missing field `locality`"),
            (format!("{begin}\u{0}\u{0}\u{0}\n"), ":2: column 1"),
            (begin.replace("\"rank\":0", "\"rank\":-1"), ":1: column "),
            (begin.replace("\"rank\":0", "\"rank\":0,\"rnak\":1"), "unknown field `rnak`"),
        ] {
            let why = with_file("damage", &damaged, PartContent::read).expect_err(&damaged).to_string();
            assert!(why.contains(expected), "{why}\nshould contain {expected}");
            assert!(why.contains("numamark-part-damage"), "{why}");
        }
    }
}
