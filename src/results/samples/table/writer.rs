//! Writes a table, a group of rows at a time.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{ColumnPath, Type};

use super::{Cell, ColumnSchema, ColumnType, SLOT_BYTES, SLOT_OFFSET, io_error, moment, slot};
use crate::hash::Hasher;

/// Rows kept in memory before they are written: about 20 MB.
const ROWS_AT_ONCE: usize = 1 << 17;

/// Writer of a table.
pub struct TableWriter<'file> {
    writer: SerializedFileWriter<Hashed<'file>>,
    columns: Vec<Values>,
    rows: usize,
}

/// A file that hashes the bytes written to it.
struct Hashed<'file> {
    file: &'file mut File,
    hasher: Hasher,
    /// Bytes left of the file's unhashed beginning.
    skip: usize,
}

impl Write for Hashed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        let skipped = written.min(self.skip);
        self.skip -= skipped;
        self.hasher.add(&bytes[skipped..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Values of a column that are not written yet. Parquet's definition level is 1 for a value and 0 for null.
struct Values {
    kind: ColumnType,
    levels: Vec<i16>,
    texts: Vec<ByteArray>,
    latest: Option<(Arc<str>, ByteArray)>,
    wholes: Vec<i64>,
    reals: Vec<f64>,
}

impl<'file> TableWriter<'file> {
    /// Begins a table. `metadata` describes the file; `sorted_by` names the columns that the rows will be sorted by,
    /// nulls first.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn new(
        file: &'file mut File,
        columns: &[ColumnSchema],
        metadata: &[(String, String)],
        sorted_by: &[&str],
    ) -> io::Result<TableWriter<'file>> {
        let comments =
            columns.iter().map(|column| (format!("comment:{}", column.name), column.comment.clone()));
        let metadata = metadata.iter().cloned().chain(comments);
        let place = |name: &&str| columns.iter().position(|column| column.name == **name);
        let sorted = sorted_by.iter().filter_map(place).map(|place| SortingColumn {
            column_idx: i32::try_from(place).expect("a table has few columns"),
            descending: false,
            nulls_first: true,
        });
        let mut properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_sorting_columns(Some(sorted.collect()))
            .set_key_value_metadata(Some(metadata.map(|(key, value)| KeyValue::new(key, value)).collect()));
        // Measured values hardly repeat, so a dictionary would not help.
        for column in columns.iter().filter(|column| column.kind == ColumnType::Real) {
            properties =
                properties.set_column_dictionary_enabled(ColumnPath::from(column.name.as_str()), false);
        }
        let schema = schema(columns).map_err(io_error)?;
        let out = Hashed { file, hasher: Hasher::new(), skip: SLOT_OFFSET + SLOT_BYTES };
        let mut writer = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties.build()))
            .map_err(io_error)?;
        // The hash is not yet known; `finish` fills the slot.
        writer.write_all(slot(0).as_bytes())?;
        Ok(TableWriter { writer, columns: columns.iter().map(Values::new).collect(), rows: 0 })
    }

    /// Appends a row, with one cell for each column.
    ///
    /// # Errors
    /// When the file cannot be written.
    ///
    /// # Panics
    /// When the number of cells is wrong, or a cell has not its column's kind.
    pub fn push(&mut self, row: &[Cell]) -> io::Result<()> {
        assert_eq!(row.len(), self.columns.len(), "a row has a cell for each column");
        self.columns.iter_mut().zip(row).for_each(|(column, cell)| column.push(cell));
        self.rows += 1;
        if self.rows == ROWS_AT_ONCE { self.flush() } else { Ok(()) }
    }

    /// Writes the remaining rows, the end of the file and its hash.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(mut self) -> io::Result<()> {
        if self.rows > 0 {
            self.flush()?;
        }
        self.writer.finish().map_err(io_error)?;
        let Hashed { file, hasher, .. } = self.writer.inner_mut();
        file.seek(SeekFrom::Start(SLOT_OFFSET as u64))?;
        file.write_all(slot(hasher.hash()).as_bytes())
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut group = self.writer.next_row_group().map_err(io_error)?;
        for column in &mut self.columns {
            column.write(&mut group).map_err(io_error)?;
        }
        self.rows = 0;
        group.close().map(drop).map_err(io_error)
    }
}

impl Values {
    fn new(column: &ColumnSchema) -> Values {
        let (levels, texts, wholes, reals) = Default::default();
        Values { kind: column.kind, levels, texts, latest: None, wholes, reals }
    }

    fn push(&mut self, cell: &Cell) {
        self.levels.push(i16::from(*cell != Cell::Null));
        match (cell, self.kind) {
            (Cell::Null, _) => {}
            (Cell::Text(text), ColumnType::Text) => {
                // Consecutive cells often hold the same word and then share its bytes.
                let bytes = match &self.latest {
                    Some((latest, bytes)) if latest == text => bytes.clone(),
                    _ => ByteArray::from(&**text),
                };
                self.latest = Some((text.clone(), bytes.clone()));
                self.texts.push(bytes);
            }
            (Cell::Whole(whole), ColumnType::Integer | ColumnType::Long | ColumnType::Moment) => {
                self.wholes.push(*whole)
            }
            (Cell::Real(real), ColumnType::Real) => self.reals.push(*real),
            (cell, kind) => panic!("{cell:?} in a column of {kind:?}"),
        }
    }

    fn write(&mut self, group: &mut SerializedRowGroupWriter<Hashed>) -> Result<(), ParquetError> {
        let mut column = group.next_column()?.expect("a column of the file for each of ours");
        let levels = Some(self.levels.as_slice());
        match self.kind {
            ColumnType::Text => column.typed::<ByteArrayType>().write_batch(&self.texts, levels, None)?,
            ColumnType::Integer => {
                let narrow = |whole: &i64| i32::try_from(*whole).expect("an index has 32 bits");
                let narrow: Vec<i32> = self.wholes.iter().map(narrow).collect();
                column.typed::<Int32Type>().write_batch(&narrow, levels, None)?
            }
            ColumnType::Long | ColumnType::Moment => {
                column.typed::<Int64Type>().write_batch(&self.wholes, levels, None)?
            }
            ColumnType::Real => column.typed::<DoubleType>().write_batch(&self.reals, levels, None)?,
        };
        column.close()?;
        self.levels.clear();
        self.texts.clear();
        self.wholes.clear();
        self.reals.clear();
        Ok(())
    }
}

fn schema(columns: &[ColumnSchema]) -> Result<Type, ParquetError> {
    let fields: Result<Vec<_>, ParquetError> = columns
        .iter()
        .map(|column| {
            let (physical, logical) = match column.kind {
                ColumnType::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
                ColumnType::Integer => (Physical::INT32, None),
                ColumnType::Long => (Physical::INT64, None),
                ColumnType::Moment => (Physical::INT64, Some(moment())),
                ColumnType::Real => (Physical::DOUBLE, None),
            };
            let field = Type::primitive_type_builder(&column.name, physical).with_logical_type(logical);
            field.with_repetition(Repetition::OPTIONAL).build().map(Arc::new)
        })
        .collect();
    Type::group_type_builder("schema").with_fields(fields?).build()
}
