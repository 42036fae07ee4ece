//! A table in a Parquet file: written a row at a time, read back a row at a time. Nothing here knows what is in it.

mod reader;
mod writer;

pub use reader::TableReader;
pub use writer::TableWriter;

use std::io;
use std::sync::Arc;

use parquet::basic::{LogicalType, TimeUnit};
use parquet::errors::ParquetError;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A word.
    Text,
    /// A whole number of 32 bits.
    Integer,
    /// A whole number of 64 bits.
    Long,
    /// Milliseconds since 1970, UTC.
    Moment,
    /// A number.
    Real,
}

/// A column; any may be null.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
    /// What it means: kept in the file.
    pub comment: String,
}

/// One value of one row.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// No value.
    Null,
    /// Of a column of text.
    Text(Arc<str>),
    /// Of a column of whole numbers or moments.
    Whole(i64),
    /// Of a column of numbers.
    Real(f64),
}

/// Parquet has no hash that covers a whole file, and readers of damaged files may crash. Readers go by offsets, so there
/// is room for one between the four bytes with which a file begins and its first page.
const SLOT_OFFSET: usize = 4;
const SLOT_BYTES: usize = 64;
const SLOT_MARK: &str = "XXH3-128 from byte 68 on: ";

/// What stands in the slot: always as long.
fn slot(hash: u128) -> String {
    format!("{:\n<SLOT_BYTES$}", format!("{SLOT_MARK}{hash:032x}"))
}

fn moment() -> LogicalType {
    LogicalType::timestamp(true, TimeUnit::MILLIS)
}

/// The operating system's error as it was, so that a full disk is called one.
fn io_error(why: ParquetError) -> io::Error {
    match why {
        ParquetError::External(why) => match why.downcast::<io::Error>() {
            Ok(why) => *why,
            Err(why) => io::Error::other(why),
        },
        why => io::Error::other(why),
    }
}
