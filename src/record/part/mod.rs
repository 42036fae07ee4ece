//! A part: the append-only file of one rank, with one JSON object on each line.
//!
//! Each line is one `write`, so a killed process leaves whole lines and at most one torn line. A failed write is
//! truncated again. `sync` happens once, at the end, because the kernel keeps the writes of a killed process.

mod reader;

pub use reader::{Done, PartReader, Survey};

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::durable::write_error;
use crate::error::Result;
use crate::record::line::{Begin, End, Line, Repetition};
use crate::units;

/// The part that a rank writes.
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
    pub(crate) fn create(directory: &Path, begin: &Begin) -> Result<Part> {
        let path = directory.join(part_name(begin.rank));
        let opened = OpenOptions::new().append(true).create_new(true).open(&path);
        let file = opened.map_err(|why| write_error(&path, &why))?;
        let mut part = Part { path, file, bytes: 0 };
        part.append(&Line::Begin(begin.clone()))?;
        Ok(part)
    }

    /// Opens a part for appending; it must end with a whole line.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub(crate) fn append_to(path: PathBuf) -> Result<Part> {
        let file = OpenOptions::new().append(true).open(&path).map_err(|why| write_error(&path, &why))?;
        let bytes = file.metadata().map_err(|why| write_error(&path, &why))?.len();
        Ok(Part { path, file, bytes })
    }

    /// Appends one repetition.
    ///
    /// # Errors
    /// When the disk is full or the file system fails; earlier lines stay whole.
    pub fn repetition(&mut self, repetition: &Repetition) -> Result<()> {
        self.append(&Line::Repetition(repetition.clone()))
    }

    /// Writes the last line and syncs the file to the disk.
    ///
    /// # Errors
    /// As `repetition`; a network file system may not report a full disk before this call.
    pub fn end(mut self, end: &End) -> Result<()> {
        self.append(&Line::End(end.clone()))?;
        self.file.sync_all().map_err(|why| write_error(&self.path, &why))
    }

    /// Path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn append(&mut self, line: &Line) -> Result<()> {
        let mut text = serde_json::to_vec(line).expect("a line holds numbers, strings and string-keyed maps");
        text.push(b'\n');
        match self.file.write_all(&text) {
            Ok(()) => {
                self.bytes += units::count(text.len());
                Ok(())
            }
            Err(why) => {
                // A failure here is harmless: readers accept a torn last line.
                let _ = self.file.set_len(self.bytes);
                Err(write_error(&self.path, &why))
            }
        }
    }
}

/// File name of a rank's part: `rank-00000.jsonl`. Ranks from 100,000 on have longer names.
pub(crate) fn part_name(rank: u32) -> String {
    format!("rank-{rank:05}.jsonl")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_named_with_the_file() {
        let path = PathBuf::from("/dev/full");
        let file = OpenOptions::new().append(true).open(&path).expect("Linux has it");
        let end = End::of_a_short_run();
        let why = Part { path, file, bytes: 0 }.append(&Line::End(end)).expect_err("it is always full");
        assert_eq!(why.exit_code(), crate::error::ExitCode::Failed);
        assert!(why.to_string().starts_with("cannot write /dev/full: No space left on device"), "{why}");
        assert!(why.to_string().contains("--out"), "{why}");
    }
}
