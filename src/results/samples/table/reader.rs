//! Reads a table from a file and checks it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use parquet::basic::{LogicalType, Type as Physical};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, DataType};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};

use super::{Cell, ColumnSchema, ColumnType, SLOT_BYTES, SLOT_MARK, SLOT_OFFSET, io_error, moment, slot};
use crate::hash::Hasher;

/// Reader of a table.
pub struct TableReader {
    reader: SerializedFileReader<File>,
    columns: Vec<ColumnSchema>,
    group: usize,
    rows: std::vec::IntoIter<Vec<Cell>>,
}

impl TableReader {
    /// Opens a file.
    ///
    /// # Errors
    /// When it is not a Parquet file, is damaged, or has a column of an unknown kind.
    pub fn open(file: File) -> io::Result<TableReader> {
        check_hash(&file)?;
        let reader = SerializedFileReader::new(file).map_err(io_error)?;
        let about = reader.metadata().file_metadata();
        let comment = |name: &str| {
            let key = format!("comment:{name}");
            let pairs = about.key_value_metadata().into_iter().flatten();
            pairs.filter(|pair| pair.key == key).find_map(|pair| pair.value.clone()).unwrap_or_default()
        };
        let fields = about.schema_descr().columns().iter();
        let columns: io::Result<_> = fields
            .map(|field| {
                let kind = match (field.physical_type(), field.logical_type_ref()) {
                    (Physical::BYTE_ARRAY, Some(LogicalType::String)) => ColumnType::Text,
                    (Physical::INT32, None) => ColumnType::Integer,
                    (Physical::INT64, None) => ColumnType::Long,
                    (Physical::INT64, Some(unit)) if *unit == moment() => ColumnType::Moment,
                    (Physical::DOUBLE, None) => ColumnType::Real,
                    (found, logical) => {
                        let why = format!("column {} is {found} ({logical:?})", field.name());
                        return Err(io::Error::other(why));
                    }
                };
                Ok(ColumnSchema { name: field.name().to_owned(), kind, comment: comment(field.name()) })
            })
            .collect();
        Ok(TableReader { columns: columns?, reader, group: 0, rows: Vec::new().into_iter() })
    }

    /// Columns of the table.
    pub fn columns(&self) -> &[ColumnSchema] {
        &self.columns
    }

    /// Returns the file's metadata under this key.
    pub fn about(&self, key: &str) -> Option<&str> {
        let pairs = self.reader.metadata().file_metadata().key_value_metadata();
        pairs.into_iter().flatten().filter(|pair| pair.key == key).find_map(|pair| pair.value.as_deref())
    }

    /// Returns the next row; `None` after the last.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn next_row(&mut self) -> io::Result<Option<Vec<Cell>>> {
        loop {
            if let Some(row) = self.rows.next() {
                return Ok(Some(row));
            }
            if self.group == self.reader.num_row_groups() {
                return Ok(None);
            }
            self.rows = self.group().map_err(io_error)?.into_iter();
            self.group += 1;
        }
    }

    fn group(&self) -> Result<Vec<Vec<Cell>>, ParquetError> {
        let group = self.reader.get_row_group(self.group)?;
        let count = usize::try_from(group.metadata().num_rows())?;
        let mut rows = vec![Vec::with_capacity(self.columns.len()); count];
        for place in 0..self.columns.len() {
            let cells = match group.get_column_reader(place)? {
                ColumnReader::ByteArrayColumnReader(mut column) => {
                    cells(&mut column, count, |bytes: &ByteArray| Ok(Cell::Text(bytes.as_utf8()?.into())))
                }
                ColumnReader::Int32ColumnReader(mut column) => {
                    cells(&mut column, count, |whole| Ok(Cell::Whole(i64::from(*whole))))
                }
                ColumnReader::Int64ColumnReader(mut column) => {
                    cells(&mut column, count, |whole| Ok(Cell::Whole(*whole)))
                }
                ColumnReader::DoubleColumnReader(mut column) => {
                    cells(&mut column, count, |real| Ok(Cell::Real(*real)))
                }
                _ => unreachable!("the kinds of the columns were checked when the file was opened"),
            }?;
            rows.iter_mut().zip(cells).for_each(|(row, cell)| row.push(cell));
        }
        Ok(rows)
    }
}

/// First bytes of a Parquet file.
const MAGIC: &[u8; SLOT_OFFSET] = b"PAR1";

/// Checks the hash of the file, to find damage before anything is decoded. A file of another program has no slot and
/// is not checked.
fn check_hash(mut file: &File) -> io::Result<()> {
    let mut head = [0; SLOT_OFFSET + SLOT_BYTES];
    file.seek(SeekFrom::Start(0))?;
    let ours = file.read_exact(&mut head).is_ok() && head[SLOT_OFFSET..].starts_with(SLOT_MARK.as_bytes());
    if !ours {
        return Ok(());
    }
    let (mut hasher, mut buffer) = (Hasher::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => hasher.add(&buffer[..read]),
        }
    }
    match head[..SLOT_OFFSET] == *MAGIC && head[SLOT_OFFSET..] == *slot(hasher.hash()).as_bytes() {
        true => Ok(()),
        false => Err(io::Error::other("it is damaged: its hash is not the one that it was written with")),
    }
}

fn cells<T: DataType>(
    column: &mut ColumnReaderImpl<T>,
    count: usize,
    cell: impl Fn(&T::T) -> Result<Cell, ParquetError>,
) -> Result<Vec<Cell>, ParquetError> {
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    let (read, ..) = column.read_records(count, Some(&mut levels), None, &mut values)?;
    let (present, mut values) = (levels.iter().filter(|level| **level == 1).count(), values.iter());
    if (read, levels.len(), present) != (count, count, values.len()) {
        return Err(ParquetError::General(format!("a column has {read} of {count} values")));
    }
    let next = |level: &i16| match level {
        1 => cell(values.next().expect("there are as many values as levels of 1")),
        _ => Ok(Cell::Null),
    };
    levels.iter().map(next).collect()
}
