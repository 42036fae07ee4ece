//! The part of JSON Schema (draft 7) that the job's schema uses, as an editor applies it. A keyword that is not known
//! here fails the test: nothing is passed over in silence.

use regex_lite::Regex;
use serde_json::Value;

/// Everything in `value` that `schema` does not allow, each with its path.
pub fn violations(schema: &Value, value: &Value, path: &str) -> Vec<String> {
    let schema = schema.as_object().expect("every schema is an object");
    let mut found = Vec::new();
    for (keyword, rule) in schema {
        if !holds(keyword, rule, schema, value) {
            found.push(format!("{path}: {value} against {keyword} {rule}"));
        }
    }
    found.extend(inside(schema, value, path));
    found
}

fn valid(schema: &Value, value: &Value) -> bool {
    violations(schema, value, "").is_empty()
}

fn holds(keyword: &str, rule: &Value, schema: &serde_json::Map<String, Value>, value: &Value) -> bool {
    let all = |rule: &Value| rule.as_array().expect("a list of schemas").clone();
    let limit = || rule.as_f64().expect("a number");
    let count = |length: Option<usize>| length.map(|length| length as f64);
    match keyword {
        "$schema" | "title" | "description" | "default" | "properties" | "items" => true,
        "type" => match rule.as_str().expect("one type") {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "number" => value.is_number(),
            "integer" => value.is_i64() || value.is_u64(),
            other => panic!("type {other} is not known here"),
        },
        "const" => value == rule,
        "enum" => all(rule).contains(value),
        "pattern" => {
            let pattern = Regex::new(rule.as_str().expect("text")).expect("a pattern");
            value.as_str().is_none_or(|text| pattern.is_match(text))
        }
        "maxLength" => count(value.as_str().map(|text| text.chars().count())).is_none_or(|n| n <= limit()),
        "minimum" => value.as_f64().is_none_or(|number| number >= limit()),
        "maximum" => value.as_f64().is_none_or(|number| number <= limit()),
        "minItems" => count(value.as_array().map(Vec::len)).is_none_or(|n| n >= limit()),
        "minProperties" => count(value.as_object().map(serde_json::Map::len)).is_none_or(|n| n >= limit()),
        "maxItems" => count(value.as_array().map(Vec::len)).is_none_or(|n| n <= limit()),
        "uniqueItems" => value
            .as_array()
            .is_none_or(|items| items.iter().enumerate().all(|(index, item)| !items[..index].contains(item))),
        "required" => all(rule).iter().all(|key| value.get(key.as_str().expect("a key")).is_some()),
        "additionalProperties" => {
            let known = schema["properties"].as_object().expect("keys");
            value.as_object().is_none_or(|fields| fields.keys().all(|key| known.contains_key(key)))
        }
        "anyOf" => all(rule).iter().any(|one| valid(one, value)),
        "oneOf" => all(rule).iter().filter(|one| valid(one, value)).count() == 1,
        "not" => !valid(rule, value),
        other => panic!("the keyword {other} is not known here"),
    }
}

fn inside(schema: &serde_json::Map<String, Value>, value: &Value, path: &str) -> Vec<String> {
    let mut found = Vec::new();
    if let (Some(Value::Object(properties)), Some(fields)) = (schema.get("properties"), value.as_object()) {
        for (key, field) in fields {
            let known = properties.get(key);
            found.extend(
                known.into_iter().flat_map(|known| violations(known, field, &format!("{path}.{key}"))),
            );
        }
    }
    if let (Some(items), Some(values)) = (schema.get("items"), value.as_array()) {
        found.extend(values.iter().flat_map(|item| violations(items, item, &format!("{path}[]"))));
    }
    found
}
