//! What a person looks at: text of at most 80 columns, whatever stands in it, and the same as Markdown and CSV.

mod cells;
mod compact;
mod compare;
mod detail;
mod disturbances;
mod environment;
mod expected;
mod gates;
mod grid;
mod heat;
mod junit;
mod live;
mod markdown;
mod measuring;
mod missing;
mod notes;
mod plan;
mod stragglers;
mod submission;
mod sweep;
mod table;
mod terminal;
mod text;
mod tidy;
mod topology;

pub use compare::{compared, compared_markdown};
pub use environment::environment;
pub use junit::junit;
pub use live::{bound, repetition};
pub use markdown::markdown;
pub use plan::{Planned, plan};
pub use submission::{Submission, submission};
pub use table::{Extent, table};
pub use tidy::csv;
pub use topology::topology;
