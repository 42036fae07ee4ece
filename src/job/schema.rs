//! The JSON Schema of the job file, made from the table of keys: editors complete and check with it.
//!
//! Draft 7, which is what editors read for TOML. It knows every key, type, word and unit; what needs arithmetic on
//! units (ranges of sizes and durations, multiples) stands in the descriptions and is checked by the parser alone.

use schemars::{Schema, json_schema};

use super::Arm;
use super::accepted::accepted;
use super::entry::Raw;
use super::key::{Absent, Key, Kind, Section};
use super::keys::{self, ARMS_MAX, GATES_MAX, SWEEP_VALUES_MAX};
use super::range::example;
use super::unquoted::read_scalar;
use crate::generator::Ratio;
use crate::metric::{CaseMetric, Distribution, Statistic};
use crate::word::Word;

/// The JSON Schema of a job file, indented, as `numamark schema job` prints it.
pub fn schema() -> String {
    let mut root = table(Section::Job);
    root.insert("$schema".to_owned(), "http://json-schema.org/draft-07/schema#".into());
    root.insert("title".to_owned(), "numamark job".into());
    for section in Section::named() {
        let fields = match section {
            Section::Arm => arm(),
            section => table(section),
        };
        let subschema = match section {
            Section::Arm => json_schema!({ "type": "array", "items": fields, "maxItems": ARMS_MAX }),
            Section::Gate => json_schema!({ "type": "array", "items": fields, "maxItems": GATES_MAX }),
            _ => fields,
        };
        let properties = root.get_mut("properties").and_then(|properties| properties.as_object_mut());
        properties.expect("a table has properties").insert(section.name().to_owned(), subschema.to_value());
    }
    let workload = [Section::Generate, Section::Allocate].map(|s| json_schema!({ "required": [s.name()] }));
    root.insert("anyOf".to_owned(), workload.map(Schema::to_value).into_iter().collect());
    format!("{:#}", root.as_value())
}

/// The keys of one section.
fn table(section: Section) -> Schema {
    let mut schema = json_schema!({
        "description": section.about(),
        "type": "object",
        "properties": {},
        "additionalProperties": false,
    });
    let required: Vec<&str> =
        section.keys().filter(|key| key.absent == Absent::Refused).map(|key| key.name).collect();
    if !required.is_empty() {
        schema.insert("required".to_owned(), required.into());
    }
    let rivals: Vec<(&str, &str)> =
        section.keys().filter_map(|key| Some((key.name, key.rival?))).filter(|(a, b)| a < b).collect();
    // Exactly one bound; at most one of other rivals, since one has a default.
    let rule = match (section, &rivals[..]) {
        (_, []) => json_schema!({}),
        (Section::Gate, [(one, other), ..]) => {
            json_schema!({ "oneOf": [{ "required": [one] }, { "required": [other] }] })
        }
        (_, rivals) => {
            let both =
                rivals.iter().map(|(one, other)| json_schema!({ "required": [one, other] }).to_value());
            json_schema!({ "not": { "anyOf": both.collect::<Vec<_>>() } })
        }
    };
    schema.ensure_object().extend(rule.as_object().cloned().unwrap_or_default());
    let properties = schema.get_mut("properties").and_then(|properties| properties.as_object_mut());
    let properties = properties.expect("written above");
    properties.extend(section.keys().map(|key| (key.name.to_owned(), property(key).to_value())));
    schema
}

/// An arm: its name, and one value of each key that it can set.
fn arm() -> Schema {
    let mut schema = table(Section::Arm);
    let properties = schema.get_mut("properties").and_then(|properties| properties.as_object_mut());
    let properties = properties.expect("a table has properties");
    for section in Section::named() {
        let keys: Vec<&Key> = keys::all().filter(|key| key.section == section && key.sweep).collect();
        if keys.is_empty() {
            continue;
        }
        let mut fields = json_schema!({
            "description": format!(
                "What the arm sets in {}. Accepted: {}.",
                section.shown(),
                keys.iter().map(|key| key.name).collect::<Vec<_>>().join(", ")
            ),
            "type": "object",
            "additionalProperties": false,
        });
        let described = |key: &Key| {
            let mut value = one_value(&key.kind);
            value.insert(
                "description".to_owned(),
                format!("{} Accepted: {}.", key.about, accepted(&key.kind)).into(),
            );
            (key.name.to_owned(), value.to_value())
        };
        fields.insert("properties".to_owned(), keys.into_iter().map(described).collect());
        properties.insert(section.name().to_owned(), fields.to_value());
    }
    let name = properties.get_mut("name").and_then(|name| name.as_object_mut()).expect("an arm has a name");
    let taken = json_schema!({ "enum": [Arm::BASE, Arm::BASE_AGAIN] });
    name.insert("not".to_owned(), taken.to_value());
    // Its name, and something that it sets.
    schema.insert("minProperties".to_owned(), 2.into());
    schema
}

fn property(key: &Key) -> Schema {
    let value = one_value(&key.kind);
    let mut schema = match key.sweep {
        false => value,
        true => json_schema!({
            "anyOf": [
                value_or_range(&key.kind, value.clone()),
                {
                    "type": "array",
                    "items": value_or_range(&key.kind, value),
                    "minItems": 1,
                    "maxItems": SWEEP_VALUES_MAX,
                    "uniqueItems": true,
                },
            ],
        }),
    };
    let sweep = match (key.sweep, example(&key.kind)) {
        (false, _) => String::new(),
        (true, None) => " A list is a sweep.".to_owned(),
        (true, Some(range)) => format!(" A list is a sweep, and so is a range such as \"{range}\"."),
    };
    let description = format!("{}{sweep} Accepted: {}.", key.about, accepted(&key.kind));
    schema.insert("description".to_owned(), description.into());
    if let Absent::Default(text) = key.absent {
        let default = match read_scalar(text) {
            Raw::Integer(number, _) => i64::try_from(number).expect("defaults are small").into(),
            Raw::Switch(switch) => switch.into(),
            _ => text.into(),
        };
        schema.insert("default".to_owned(), default);
    }
    schema
}

/// One value or range of a swept key: a range is `FIRST..LAST*FACTOR` or `FIRST..LAST+STEP`.
fn value_or_range(kind: &Kind, value: Schema) -> Schema {
    let quantity = match kind {
        kind if kind.is_size() => SIZE,
        Kind::Duration { .. } => DURATION,
        Kind::Count { .. } | Kind::CountOr { .. } => "[0-9]+",
        _ => return value,
    };
    let factor = r"\*\s*([2-9]|[1-9][0-9]+)";
    let pattern = format!(r"^\s*{quantity}\s*\.\.\s*{quantity}\s*({factor}|\+\s*{quantity})\s*$");
    json_schema!({ "anyOf": [value, { "type": "string", "pattern": pattern }] })
}

const SIZE: &str = r"[0-9]+(\.[0-9]+)?\s*([KMGT]iB|B)";
const DURATION: &str = r"[0-9]+(\.[0-9]+)?\s*(ns|us|ms|s|m|h)";

fn one_value(kind: &Kind) -> Schema {
    match *kind {
        Kind::Word(words) => json_schema!({ "type": "string", "enum": words }),
        Kind::Size { .. } | Kind::PowerOfTwo { .. } => {
            json_schema!({ "type": "string", "pattern": format!(r"^\s*{SIZE}\s*$") })
        }
        Kind::SizeOr { word, .. } => json_schema!({
            "anyOf": [
                { "type": "string", "const": word },
                { "type": "string", "pattern": format!(r"^\s*{SIZE}\s*$") },
            ],
        }),
        Kind::SizesOr { word, .. } => json_schema!({
            "anyOf": [
                { "type": "string", "const": word },
                { "type": "string", "pattern": format!(r"^\s*{SIZE}\s*(\.\.\s*{SIZE}\s*)?$") },
            ],
        }),
        Kind::Ratio => json_schema!({
            "anyOf": [
                { "type": "number", "minimum": 1, "maximum": Ratio::MAX },
                { "type": "string", "pattern": r"^\s*[0-9]+(\.[0-9]+|\s*/\s*[0-9]+)?\s*$" },
            ],
        }),
        Kind::Duration { .. } => {
            json_schema!({ "type": "string", "pattern": format!(r"^\s*{DURATION}\s*$") })
        }
        Kind::Count { min, max } if min == max => json_schema!({ "type": "integer", "const": min }),
        Kind::Count { min, max } => json_schema!({ "type": "integer", "minimum": min, "maximum": max }),
        Kind::CountOr { word, min, max } => json_schema!({
            "anyOf": [
                { "type": "string", "const": word },
                { "type": "integer", "minimum": min, "maximum": max },
            ],
        }),
        Kind::Share { min, max } => json_schema!({
            "anyOf": [
                { "type": "number", "minimum": min, "maximum": max },
                { "type": "string", "pattern": r"^\s*[0-9]+(\.[0-9]+)?\s*%\s*$" },
            ],
        }),
        Kind::Bound { max } => json_schema!({
            "anyOf": [
                { "type": "number", "minimum": 0.0, "maximum": max },
                { "type": "string", "pattern": r"^\s*[0-9]+(\.[0-9]+)?\s*%\s*$" },
            ],
        }),
        Kind::Path => {
            json_schema!({ "type": "string", "pattern": r#"^[^"\\\x00-\x1F\x7F]*[^"\\\x00-\x1F\x7F\s][^"\\\x00-\x1F\x7F]*$"# })
        }
        Kind::Switch => json_schema!({ "type": "boolean" }),
        Kind::Metric => {
            let histograms = Distribution::WORDS.join("|").replace('.', "\\.");
            let pattern = format!("^({histograms})\\.({})$", Statistic::WORDS.join("|"));
            json_schema!({
                "type": "string",
                "anyOf": [{ "enum": CaseMetric::WORDS }, { "pattern": pattern }],
            })
        }
        Kind::Name { max_chars, marks } => json_schema!({
            "type": "string",
            // In both sets of marks "-" stands last, where a pattern takes it as it is.
            "pattern": format!("^[A-Za-z0-9][A-Za-z0-9{marks}]*$"),
            "maxLength": max_chars,
        }),
        Kind::Table(section) => table(section),
    }
}
