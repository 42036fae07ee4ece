//! Resumes a run that was stopped: repetitions that every rank finished are kept, the rest is removed from the parts.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use super::directory::RunDirectory;
use super::partial;
use crate::aggregate::evidence::{Totals, finished_by_all};
use crate::error::{Error, Result};
use crate::record::durable::replace;
use crate::record::line::{Begin, Line};
use crate::record::part::{Done, Part, PartReader, Survey, part_name};
use crate::record::run::Header;
use crate::units::counted;

impl RunDirectory {
    /// Opens the directory of a stopped run, on rank 0. Returns the header, the finished repetitions, and a new token
    /// for the other ranks.
    ///
    /// # Errors
    /// When it is not a run directory, the run is complete or still going on, or it had another number of ranks.
    pub fn reopen(&self, ranks: u32) -> Result<(Header, Done, String)> {
        let directory = self.path().display();
        if partial::is_held(self) {
            return Err(partial::still_running(self));
        }
        if self.run().exists() && self.read_run()?.complete {
            return Err(Error::Usage(format!("{directory} is complete: there is nothing to resume")));
        }
        let header = self.read_header()?;
        let wanted = header.ranks;
        if wanted != ranks {
            return Err(Error::Usage(format!(
                "{directory} is a run of {}, this start has {ranks}; start as many (without a launcher: --ranks {wanted})",
                counted(wanted.into(), "rank")
            )));
        }
        let paths = self.part_paths()?;
        let surveys = Survey::of_all(&paths)?;
        let (done, _) = finished_by_all(&surveys);
        // A recovered partial result will no longer match the parts.
        self.remove_results()?;
        Ok((header, done, self.renew_token()?))
    }

    /// Reduces this rank's part to the repetitions that all ranks finished, and opens it for appending. Returns the
    /// totals of these repetitions, too.
    ///
    /// # Errors
    /// When the part is missing or cannot be written, or was written on another host, node or PUs.
    pub fn continue_part(&self, begin: &Begin, done: &Done) -> Result<(Part, Totals)> {
        let path = self.parts().join(part_name(begin.rank));
        let mut old = PartReader::open(&path)?;
        let (was, is) = (old.begin(), begin);
        if (&was.host, was.node_os_index, &was.pus) != (&is.host, is.node_os_index, &is.pus) {
            return Err(Error::Environment(format!(
                "the run was on {}, this rank is on {}: two machines do not make \
                 one result; resume on the same hosts, or keep what there is with numamark recover",
                place_of(was),
                place_of(is)
            )));
        }
        let (mut totals, mut unreadable) = (Totals::default(), None);
        // A temporary file is renamed into place, so a full disk leaves the old part intact.
        let replaced = replace(&path, |file| {
            unreadable = keep(&mut old, done, &mut totals, &mut BufWriter::new(file))?;
            unreadable.as_ref().map_or(Ok(()), |why| Err(io::Error::other(why.to_string())))
        });
        match unreadable {
            Some(why) => Err(why),
            None => replaced.and_then(|()| Ok((Part::append_to(path)?, totals))),
        }
    }
}

/// Copies the lines that stay. The outer error comes from the writer, the inner error from the reader.
fn keep(
    part: &mut PartReader,
    done: &Done,
    totals: &mut Totals,
    out: &mut BufWriter<&mut File>,
) -> io::Result<Option<Error>> {
    let mut line = Some(Line::Begin(part.begin().clone()));
    while let Some(kept) = line {
        serde_json::to_writer(&mut *out, &kept)?;
        out.write_all(b"\n")?;
        line = match next(part, done, totals) {
            Ok(line) => line,
            Err(why) => return Ok(Some(why)),
        };
    }
    out.flush()?;
    Ok(None)
}

/// Returns the next repetition that all ranks finished, and adds it to the totals; `None` after the last.
fn next(part: &mut PartReader, done: &Done, totals: &mut Totals) -> Result<Option<Line>> {
    let Some(kept) = part.next_among(done)? else { return Ok(None) };
    totals.add(&kept)?;
    Ok(Some(Line::Repetition(kept)))
}

fn place_of(begin: &Begin) -> String {
    let node = begin.node_os_index.map_or("no node".to_owned(), |node| format!("node (os {node})"));
    format!("{} {node}, PUs {:?}", begin.host, begin.pus)
}
