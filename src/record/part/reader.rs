//! Reads a part line by line, so the counters of a whole part are never in memory at once.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::record::line::{Begin, End, Line, Repetition};

/// Repetitions by case and round, such as those that every rank has finished.
pub type Done = BTreeSet<(String, u32)>;

/// Reader of a part: `Begin`, then repetitions, then at most one `End`. A torn last line is no error.
#[derive(Debug)]
pub struct PartReader {
    path: PathBuf,
    file: BufReader<File>,
    /// The line read last.
    line: Vec<u8>,
    number: usize,
    begin: Begin,
    seen: Done,
    ended: bool,
}

/// Contents of a part without its figures.
#[derive(Clone, Debug, PartialEq)]
pub struct Survey {
    /// The first line of the part.
    pub begin: Begin,
    /// Every whole repetition.
    pub repetitions: Done,
    /// The last line; `None` when the rank did not finish.
    pub end: Option<End>,
}

impl Survey {
    /// Surveys of these parts, in their order.
    ///
    /// # Errors
    /// As [`PartReader::open`] and [`PartReader::survey`].
    pub fn of_all(paths: &[PathBuf]) -> Result<Vec<Survey>> {
        paths.iter().map(|path| PartReader::open(path)?.survey()).collect()
    }
}

/// Fields that identify a line; serde skips the rest.
#[derive(Deserialize)]
struct Heading {
    kind: Kind,
    #[serde(default)]
    case: String,
    round: Option<u32>,
}

#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Begin,
    Repetition,
    End,
}

impl PartReader {
    /// Opens a part and reads its first line.
    ///
    /// # Errors
    /// When the file cannot be read or its first line is no `begin` line; the message names file and line.
    pub fn open(path: &Path) -> Result<PartReader> {
        let unreadable = |why| Error::Failed(format!("{}: cannot be read: {why}", path.display()));
        let mut file = BufReader::new(File::open(path).map_err(unreadable)?);
        let mut line = Vec::new();
        file.read_until(b'\n', &mut line).map_err(unreadable)?;
        let at = |why| Error::Failed(format!("{}:1: {why}", path.display()));
        let not_a_part = || at("the first line is not a whole \"begin\" line".to_owned());
        if line.last() != Some(&b'\n') {
            return Err(not_a_part());
        }
        let Line::Begin(begin) = parse(&line).map_err(at)? else { return Err(not_a_part()) };
        let (seen, path) = (BTreeSet::new(), path.to_owned());
        Ok(PartReader { path, file, line, number: 1, begin, seen, ended: false })
    }

    /// The first line of the part.
    pub fn begin(&self) -> &Begin {
        &self.begin
    }

    /// Returns the next whole line, checked; `None` after the last.
    ///
    /// # Errors
    /// When the line is unreadable, not JSON, an impossible record, or out of order; the message names file and line.
    pub fn next_line(&mut self) -> Result<Option<Line>> {
        if self.advance()?.is_none() {
            return Ok(None);
        }
        let line = match quickly(&mut self.line) {
            Some(repetition) => Line::Repetition(repetition),
            None => parse(&self.line).map_err(|why| self.at(&why))?,
        };
        check(&line).map_err(|why| self.at(&why))?;
        Ok(Some(line))
    }

    /// Returns the next repetition that is among `done`, checked; `None` after the last.
    ///
    /// # Errors
    /// As `next_line`.
    pub fn next_among(&mut self, done: &Done) -> Result<Option<Repetition>> {
        while let Some(line) = self.next_line()? {
            if let Line::Repetition(repetition) = line
                && done.contains(&(repetition.case.clone(), repetition.round))
            {
                return Ok(Some(repetition));
            }
        }
        Ok(None)
    }

    /// Reads to the end of the part without decoding the figures.
    ///
    /// # Errors
    /// As `next_line`, but repetitions are not checked beyond case and round.
    pub fn survey(mut self) -> Result<Survey> {
        let mut end = None;
        while let Some(heading) = self.advance()? {
            if heading.kind == Kind::End {
                end = match parse(&self.line).map_err(|why| self.at(&why))? {
                    Line::End(end) => Some(end),
                    _ => unreachable!("the line said that it is an end"),
                };
            }
        }
        Ok(Survey { begin: self.begin, repetitions: self.seen, end })
    }

    /// Reads the next whole line and checks its place in the order of a part.
    fn advance(&mut self) -> Result<Option<Heading>> {
        self.line.clear();
        self.number += 1;
        let read = self.file.read_until(b'\n', &mut self.line);
        read.map_err(|why| self.at(&format!("cannot be read: {why}")))?;
        if self.line.last() != Some(&b'\n') {
            return Ok(None);
        }
        let heading: Heading = parse(&self.line).map_err(|why| self.at(&why))?;
        let wrong = match &heading.kind {
            _ if self.ended => Some("a line after the \"end\" line".to_owned()),
            Kind::Begin => Some("a second \"begin\" line".to_owned()),
            Kind::Repetition => self.misnumbered(&heading.case, heading.round),
            Kind::End => None,
        };
        self.ended = heading.kind == Kind::End;
        match wrong {
            Some(why) => Err(self.at(&why)),
            None => Ok(Some(heading)),
        }
    }

    /// Notes a repetition as seen; returns what is wrong with its number.
    fn misnumbered(&mut self, case: &str, round: Option<u32>) -> Option<String> {
        match round {
            None => Some(format!("a repetition of case {case} without a \"round\"")),
            Some(0) => Some(format!(
                "case {case} has round 0; rounds count from 1, in parts of older programs from 0: run the job again"
            )),
            Some(round) if !self.seen.insert((case.to_owned(), round)) => {
                Some(format!("case {case} has round {round} a second time"))
            }
            Some(_) => None,
        }
    }

    fn at(&self, why: &str) -> Error {
        Error::Failed(format!("{}:{}: {why}", self.path.display(), self.number))
    }
}

/// Decodes a repetition in the form that numamark writes. serde decodes a tagged enum in two steps, which is several
/// times slower; any other form is left to that path.
fn quickly(line: &mut [u8]) -> Option<Repetition> {
    const TAG: &[u8] = br#"{"kind":"repetition","#;
    let comma = TAG.len() - 1;
    line.starts_with(TAG).then_some(())?;
    line[comma] = b'{';
    let read = serde_json::from_slice(&line[comma..]).ok();
    line[comma] = b',';
    read
}

/// Decodes one line. serde_json was given this line alone, so its error keeps only the column.
fn parse<T: DeserializeOwned>(line: &[u8]) -> std::result::Result<T, String> {
    serde_json::from_slice(line).map_err(|why| {
        let text = why.to_string();
        let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
        format!("column {}: {text}", why.column())
    })
}

fn check(line: &Line) -> std::result::Result<(), String> {
    let Line::Repetition(repetition) = line else { return Ok(()) };
    repetition.check_intervals()?;
    repetition.noise.check()?;
    for (name, record) in &repetition.histograms {
        record.check().map_err(|why| format!("histogram {name}: {why}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::made_up::Files;
    use crate::record::line::LocalityRecord;

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
            record_ns: 1.0,
            package: None,
            class: String::new(),
            unavailable: [].into(),
        }
    }

    /// Reads every line after the first.
    fn read(path: &Path) -> Result<Vec<Line>> {
        let mut reader = PartReader::open(path)?;
        std::iter::from_fn(|| reader.next_line().transpose()).collect()
    }

    /// Creates a file that exists for one closure.
    fn with_file<T>(name: &str, text: &str, read: impl FnOnce(&Path) -> T) -> T {
        let files = Files::new(&format!("part-{name}"), &[("part", text)]);
        read(&files.root.join("part"))
    }

    fn text(lines: &[Line]) -> String {
        let lines = lines.iter().map(|line| serde_json::to_string(line).expect("plain data") + "\n");
        lines.collect()
    }

    fn end() -> Line {
        Line::End(End::of_a_short_run())
    }

    #[test]
    fn a_torn_last_line_is_no_error_wherever_the_tear_is() {
        let whole = text(&[Line::Begin(begin()), end()]);
        let begin_bytes = text(&[Line::Begin(begin())]).len();
        for cut in begin_bytes..=whole.len() {
            let lines = with_file("torn", &whole[..cut], read).expect("the first line is whole");
            assert_eq!(lines, if cut == whole.len() { vec![end()] } else { vec![] }, "cut at {cut}");
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
            (
                format!("{begin}{{\"kind\":\"repetition\",\"case\":\"larson\",\"round\":0}}\n"),
                ":2: case larson has round 0; rounds count from 1, in parts of older programs from 0: run",
            ),
            (
                format!("{begin}{{\"kind\":\"repetition\",\"case\":\"larson\"}}\n"),
                ":2: a repetition of case larson without a \"round\"",
            ),
            (begin.replace("\"rank\":0", "\"rank\":-1"), ":1: column "),
            (begin.replace("\"rank\":0", "\"rank\":0,\"rnak\":1"), "unknown field `rnak`"),
        ] {
            let why = with_file("damage", &damaged, read).expect_err(&damaged).to_string();
            assert!(why.contains(expected), "{why}\nshould contain {expected}");
            assert!(why.contains("numamark-part-damage"), "{why}");
        }
    }
}
