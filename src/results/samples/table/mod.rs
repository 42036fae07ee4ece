//! A table in a Parquet file, written and read one row at a time. This module does not know the meaning of the
//! contents.

mod reader;
mod writer;

pub use reader::TableReader;
pub use writer::TableWriter;

use std::io;
use std::sync::Arc;

use parquet::basic::{LogicalType, TimeUnit};
use parquet::errors::ParquetError;

/// Type of a column's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// Text.
    Text,
    /// A whole number of 32 bits.
    Integer,
    /// A whole number of 64 bits.
    Long,
    /// Milliseconds since 1970, UTC.
    Moment,
    /// A real number of 64 bits.
    Real,
}

/// A column; its values may be null.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnSchema {
    /// Name of the column.
    pub name: String,
    /// Type of the values.
    pub kind: ColumnType,
    /// Meaning of the column; stored in the file.
    pub comment: String,
}

/// One value of one row.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// No value.
    Null,
    /// Value of a text column.
    Text(Arc<str>),
    /// Value of a column of whole numbers or moments.
    Whole(i64),
    /// Value of a column of real numbers.
    Real(f64),
}

/// Place of the file's hash. Parquet has no hash of a whole file, and readers of damaged files may crash. Parquet
/// readers follow offsets, so the hash fits between the file's first four bytes and its first page.
const SLOT_OFFSET: usize = 4;
const SLOT_BYTES: usize = 64;
const SLOT_MARK: &str = "XXH3-128 from byte 68 on: ";

/// Contents of the slot; the length is always `SLOT_BYTES`.
fn slot(hash: u128) -> String {
    format!("{:\n<SLOT_BYTES$}", format!("{SLOT_MARK}{hash:032x}"))
}

fn moment() -> LogicalType {
    LogicalType::timestamp(true, TimeUnit::MILLIS)
}

/// Returns the operating system's error unchanged, so that a full disk is recognised.
fn io_error(why: ParquetError) -> io::Error {
    match why {
        ParquetError::External(why) => match why.downcast::<io::Error>() {
            Ok(why) => *why,
            Err(why) => io::Error::other(why),
        },
        why => io::Error::other(why),
    }
}
