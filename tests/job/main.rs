//! The job file from outside: its error messages, its schema, its shipped jobs, and nonsense.
#![cfg(feature = "cli")]

mod catalogue;
mod errors;
mod nonsense;
mod schema;
mod shipped;
mod validator;
