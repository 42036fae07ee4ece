//! A table in a Parquet file: written a row at a time, read back a row at a time. Nothing here knows what is in it.

use std::fs::File;
use std::io;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{ColumnPath, Type};

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

/// Rows that are kept in memory before they are written: about 20 MB.
const ROWS_AT_ONCE: usize = 1 << 17;

/// A table that is being written.
pub struct TableWriter<'file> {
    writer: SerializedFileWriter<&'file mut File>,
    columns: Vec<Values>,
    rows: usize,
}

/// The values of a column that are not written yet. A level is 1 where there is a value, as Parquet calls it.
struct Values {
    kind: Kind,
    levels: Vec<i16>,
    texts: Vec<ByteArray>,
    latest: Option<(Arc<str>, ByteArray)>,
    wholes: Vec<i64>,
    reals: Vec<f64>,
}

impl<'file> TableWriter<'file> {
    /// Begins a table: its columns, what the file says of itself, and the names of the columns by which the rows will be
    /// sorted, nulls first.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn new(
        file: &'file mut File,
        columns: &[Column],
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
        // Measured values hardly repeat: a dictionary would only be in the way.
        for column in columns.iter().filter(|column| column.kind == Kind::Real) {
            properties =
                properties.set_column_dictionary_enabled(ColumnPath::from(column.name.as_str()), false);
        }
        let schema = schema(columns).map_err(io_error)?;
        let writer = SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties.build()))
            .map_err(io_error)?;
        Ok(TableWriter { writer, columns: columns.iter().map(Values::new).collect(), rows: 0 })
    }

    /// Appends a row: a cell for each column.
    ///
    /// # Errors
    /// When the file cannot be written.
    ///
    /// # Panics
    /// When a cell is not of its column's kind.
    pub fn push(&mut self, row: &[Cell]) -> io::Result<()> {
        assert_eq!(row.len(), self.columns.len(), "a row has a cell for each column");
        self.columns.iter_mut().zip(row).for_each(|(column, cell)| column.push(cell));
        self.rows += 1;
        if self.rows == ROWS_AT_ONCE { self.flush() } else { Ok(()) }
    }

    /// Writes what is left, and the end of the file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(mut self) -> io::Result<()> {
        if self.rows > 0 {
            self.flush()?;
        }
        self.writer.close().map(drop).map_err(io_error)
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
    fn new(column: &Column) -> Values {
        let (levels, texts, wholes, reals) = Default::default();
        Values { kind: column.kind, levels, texts, latest: None, wholes, reals }
    }

    fn push(&mut self, cell: &Cell) {
        self.levels.push(i16::from(*cell != Cell::Null));
        match (cell, self.kind) {
            (Cell::Null, _) => {}
            (Cell::Text(text), Kind::Text) => {
                // Neighbours are often the same word: they share its bytes.
                let bytes = match &self.latest {
                    Some((latest, bytes)) if latest == text => bytes.clone(),
                    _ => ByteArray::from(&**text),
                };
                self.latest = Some((text.clone(), bytes.clone()));
                self.texts.push(bytes);
            }
            (Cell::Whole(whole), Kind::Integer | Kind::Long | Kind::Moment) => self.wholes.push(*whole),
            (Cell::Real(real), Kind::Real) => self.reals.push(*real),
            (cell, kind) => panic!("{cell:?} in a column of {kind:?}"),
        }
    }

    fn write(&mut self, group: &mut SerializedRowGroupWriter<&mut File>) -> Result<(), ParquetError> {
        let mut column = group.next_column()?.expect("a column of the file for each of ours");
        let levels = Some(self.levels.as_slice());
        match self.kind {
            Kind::Text => column.typed::<ByteArrayType>().write_batch(&self.texts, levels, None)?,
            Kind::Integer => {
                let narrow = |whole: &i64| i32::try_from(*whole).expect("an index has 32 bits");
                let narrow: Vec<i32> = self.wholes.iter().map(narrow).collect();
                column.typed::<Int32Type>().write_batch(&narrow, levels, None)?
            }
            Kind::Long | Kind::Moment => {
                column.typed::<Int64Type>().write_batch(&self.wholes, levels, None)?
            }
            Kind::Real => column.typed::<DoubleType>().write_batch(&self.reals, levels, None)?,
        };
        column.close()?;
        self.levels.clear();
        self.texts.clear();
        self.wholes.clear();
        self.reals.clear();
        Ok(())
    }
}

fn schema(columns: &[Column]) -> Result<Type, ParquetError> {
    let fields: Result<Vec<_>, ParquetError> = columns
        .iter()
        .map(|column| {
            let (physical, logical) = match column.kind {
                Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
                Kind::Integer => (Physical::INT32, None),
                Kind::Long => (Physical::INT64, None),
                Kind::Moment => (Physical::INT64, Some(moment())),
                Kind::Real => (Physical::DOUBLE, None),
            };
            let field = Type::primitive_type_builder(&column.name, physical).with_logical_type(logical);
            field.with_repetition(Repetition::OPTIONAL).build().map(Arc::new)
        })
        .collect();
    Type::group_type_builder("schema").with_fields(fields?).build()
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

/// A table that is being read.
pub struct TableReader {
    reader: SerializedFileReader<File>,
    columns: Vec<Column>,
    group: usize,
    rows: std::vec::IntoIter<Vec<Cell>>,
}

impl TableReader {
    /// Opens a file.
    ///
    /// # Errors
    /// When it is not a Parquet file, or has a column of a kind that is not ours.
    pub fn open(file: File) -> io::Result<TableReader> {
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
                    (Physical::BYTE_ARRAY, Some(LogicalType::String)) => Kind::Text,
                    (Physical::INT32, None) => Kind::Integer,
                    (Physical::INT64, None) => Kind::Long,
                    (Physical::INT64, Some(unit)) if *unit == moment() => Kind::Moment,
                    (Physical::DOUBLE, None) => Kind::Real,
                    (found, logical) => {
                        let why = format!("column {} is {found} ({logical:?})", field.name());
                        return Err(io::Error::other(why));
                    }
                };
                Ok(Column { name: field.name().to_owned(), kind, comment: comment(field.name()) })
            })
            .collect();
        Ok(TableReader { columns: columns?, reader, group: 0, rows: Vec::new().into_iter() })
    }

    /// Its columns.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// What the file says of itself under this key.
    pub fn about(&self, key: &str) -> Option<&str> {
        let pairs = self.reader.metadata().file_metadata().key_value_metadata();
        pairs.into_iter().flatten().filter(|pair| pair.key == key).find_map(|pair| pair.value.as_deref())
    }

    /// The next row; `None` after the last.
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
