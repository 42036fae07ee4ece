//! What a person looks at: one table of at most 80 columns, whatever stands in it.

mod cells;
mod notes;
mod plan;
mod submission;
mod table;
mod text;
mod topology;

pub use plan::{Planned, plan};
pub use submission::{Submission, submission};
pub use table::table;
pub use topology::topology;
