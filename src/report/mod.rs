//! What a person looks at: one table of at most 80 columns, whatever stands in it.

mod cells;
mod notes;
mod table;
mod text;

pub use table::table;
