//! The count of all wrong bytes of a file, and of the units and granules that have one.

use std::fmt::Write;

use super::candidate::Candidate;
use crate::generator::Mismatch;
use crate::units::{Bytes, count, counted, grouped};

/// Stretches of one length into which the stream, or the file, is divided.
#[derive(Debug)]
struct Stretches {
    /// One of them.
    noun: &'static str,
    bytes: u64,
    /// End of the last one with a wrong byte: offsets below it are of that one, since they come in order.
    counted_to: u64,
    wrong: u64,
}

impl Stretches {
    fn new(noun: &'static str, bytes: u64) -> Stretches {
        Stretches { noun, bytes, counted_to: 0, wrong: 0 }
    }

    /// Counts the one at this offset, once.
    fn count(&mut self, offset: u64) {
        if offset >= self.counted_to {
            self.wrong += 1;
            self.counted_to = (offset / self.bytes).saturating_add(1).saturating_mul(self.bytes);
        }
    }

    /// `3 of 48 units`, for `bytes` bytes from `offset` on.
    fn of(&self, offset: u64, bytes: u64) -> String {
        let all = match bytes {
            0 => 0,
            _ => (offset + (bytes - 1)) / self.bytes - offset / self.bytes + 1,
        };
        format!("{} of {}", grouped(self.wrong), counted(all, self.noun))
    }
}

/// Wrong bytes of the file so far.
pub struct WrongBytes {
    asked: Candidate,
    /// The first wrong byte.
    pub first: Option<Mismatch>,
    /// Position in the file of the last wrong byte.
    last: u64,
    /// Bytes that were compared.
    pub bytes: u64,
    wrong_bytes: u64,
    /// Wrong bytes that are 0.
    zero_bytes: u64,
    /// Units, granules; without both, pages.
    stretches: Vec<Stretches>,
}

const PAGE_BYTES: u64 = 4 << 10;

impl WrongBytes {
    /// Nothing compared yet with the stream that is asked for.
    pub fn new(asked: &Candidate) -> WrongBytes {
        let shape = asked.stream.shape();
        let units = shape.dedup().map(|dedup| Stretches::new("unit", dedup.unit_bytes()));
        let granules = shape
            .compression()
            .map(|compression| Stretches::new("granule", count(compression.granule_bytes())));
        let mut stretches: Vec<Stretches> = units.into_iter().chain(granules).collect();
        if stretches.is_empty() {
            stretches.push(Stretches::new("4KiB stretch", PAGE_BYTES));
        }
        WrongBytes {
            asked: asked.clone(),
            first: None,
            last: 0,
            bytes: 0,
            wrong_bytes: 0,
            zero_bytes: 0,
            stretches,
        }
    }

    /// Compares the next bytes of the file.
    pub fn add(&mut self, bytes: &[u8]) {
        let asked = self.asked.clone();
        asked.differing(self.bytes, bytes, |position, expected, found| {
            let pairs = (position..).zip(expected.iter().zip(found));
            for (position, (expected, found)) in pairs.filter(|(_, (a, b))| a != b) {
                let offset = asked.offset_of(position);
                self.first.get_or_insert(Mismatch { offset, expected: *expected, found: *found });
                self.last = position;
                self.wrong_bytes += 1;
                self.zero_bytes += u64::from(*found == 0);
                self.stretches.iter_mut().for_each(|stretches| stretches.count(offset));
            }
        });
        self.bytes += count(bytes.len());
    }

    /// The position of the first wrong byte, in each form that helps to find it, and the counts; `None` when all are right.
    pub fn message(&self) -> Option<String> {
        let Mismatch { offset, expected, found } = self.first?;
        let right = offset - self.asked.arguments.offset;
        let shape = self.asked.stream.shape();
        let mut text = format!("byte {right} is wrong: found 0x{found:02x}, expected 0x{expected:02x}");
        let before = match right {
            0 => String::new(),
            1 => "; the byte before it is right".to_owned(),
            _ => format!("; the {right} bytes before it are right"),
        };
        text += &format!("\n  offset {offset} of the stream{before}");
        let inside = |what: &str, bytes: u64| {
            format!("\n  byte {} of {what} {}, of {} each", offset % bytes, offset / bytes, Bytes(bytes))
        };
        if let Some(dedup) = shape.dedup() {
            text += &inside("unit", dedup.unit_bytes());
        }
        if let Some(compression) = shape.compression() {
            let bytes = count(compression.granule_bytes());
            let filler = bytes - count(compression.random_bytes());
            text += &inside("granule", bytes);
            text += if offset % bytes < filler { ": in its filler" } else { ": in its random bytes" };
        }
        text += &self.counts();
        Some(text)
    }

    fn counts(&self) -> String {
        let of: Vec<String> =
            self.stretches.iter().map(|all| all.of(self.asked.arguments.offset, self.bytes)).collect();
        let mut text = format!(
            "\n  wrong: {} of {}, in {}",
            grouped(self.wrong_bytes),
            counted(self.bytes, "byte"),
            of.join(" and ")
        );
        if self.wrong_bytes > 1 {
            let _never_fails = write!(text, "; the last one is byte {}", self.last);
            if self.zero_bytes == self.wrong_bytes {
                text += "\n  every wrong byte is 0x00: never written, or a hole in the file";
            }
        }
        text
    }
}
