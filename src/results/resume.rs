//! Going on with a run that was stopped: what every rank had finished is kept, the rest is cut off the parts.

use std::collections::BTreeSet;
use std::fs;

use super::directory::{RunDirectory, write_durably};
use super::part::{Part, PartContent, part_name, write_error};
use super::record::{Begin, Line};
use super::run::Header;
use crate::error::{Error, Result};

/// Repetitions that every rank has finished, by case and round.
pub type Done = BTreeSet<(String, u32)>;

impl RunDirectory {
    /// Opens the directory of a stopped run, on rank 0: what was asked for, what is done, and a new token for the other
    /// ranks.
    ///
    /// # Errors
    /// When it is not a run directory, or its run is complete, or it had another number of ranks.
    pub fn reopen(&self, ranks: u32) -> Result<(Header, Done, String)> {
        let directory = self.path().display();
        if self.run().exists() && self.read_run()?.complete {
            return Err(Error::Usage(format!("{directory} is complete: there is nothing to resume")));
        }
        let header = self.read_header()?;
        if header.ranks != ranks {
            return Err(Error::Usage(format!(
                "{directory} is a run of {} ranks, here are {ranks}; start as many",
                header.ranks
            )));
        }
        let parts = self.read_parts()?;
        Ok((header, finished_by_all(&parts), self.renew_token()?))
    }

    /// Cuts this rank's part back to what all ranks have finished, and goes on writing it.
    ///
    /// # Errors
    /// When there is no such part, it cannot be written, or it was written on another node.
    pub fn continue_part(&self, begin: &Begin, done: &Done) -> Result<Part> {
        let path = self.parts().join(part_name(begin.rank));
        let content = PartContent::read(&path)?;
        let (was, is) = (&content.begin, begin);
        if (&was.host, was.node_os_index, &was.pus) != (&is.host, is.node_os_index, &is.pus) {
            return Err(Error::Environment(format!(
                "the run was on {}, this rank is on {}: two machines do not make \
                 one result; resume on the same hosts, or keep what there is with numamark recover",
                place_of(was),
                place_of(is)
            )));
        }
        let kept =
            content.repetitions.into_iter().filter(|kept| done.contains(&(kept.case.clone(), kept.round)));
        let lines = std::iter::once(Line::Begin(content.begin.clone())).chain(kept.map(Line::Repetition));
        let mut text = Vec::new();
        for line in lines {
            serde_json::to_writer(&mut text, &line)
                .expect("a line holds numbers, strings and string-keyed maps");
            text.push(b'\n');
        }
        // Beside and renamed: if the disk is full, the old part is still there.
        let beside = path.with_extension("partial");
        write_durably(&beside, &text)?;
        fs::rename(&beside, &path).map_err(|why| write_error(&path, &why))?;
        Part::append_to(path)
    }
}

fn place_of(begin: &Begin) -> String {
    let node = begin.node_os_index.map_or("no node".to_owned(), |node| format!("node (os {node})"));
    format!("{} {node}, PUs {:?}", begin.host, begin.pus)
}

fn finished_by_all(parts: &[PartContent]) -> Done {
    let of = |part: &PartContent| -> Done {
        part.repetitions.iter().map(|repetition| (repetition.case.clone(), repetition.round)).collect()
    };
    let sets = parts.iter().map(of);
    sets.reduce(|all, part| all.intersection(&part).cloned().collect()).unwrap_or_default()
}
