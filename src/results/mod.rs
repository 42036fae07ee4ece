//! The run directory: what a run leaves behind and how it is proved.

pub mod record;
