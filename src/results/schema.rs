//! The JSON Schema of `run.json`, made from the structs that write it.

use super::run::Run;

/// Returns the text that `numamark schema run` prints.
pub fn run_schema() -> String {
    let schema = schemars::schema_for!(Run);
    let mut text = serde_json::to_string_pretty(&schema).expect("a schema is JSON");
    text.push('\n');
    text
}
