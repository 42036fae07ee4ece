//! Laws of the environment record.
