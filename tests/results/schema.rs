//! `run.json` matches the schema that `numamark schema run` prints.

use numamark::aggregate::aggregate;
use numamark::record::run::run_schema;
use serde_json::Value;

use crate::fixture::{Folder, finished, run};

/// The part of JSON Schema that the published schema uses; anything else in it is an error here.
fn check(root: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let Some(rules) = schema.as_object() else {
        return if schema == &Value::Bool(true) { Ok(()) } else { Err(format!("{at}: not allowed")) };
    };
    for (rule, of) in rules {
        match rule.as_str() {
            "$schema" | "$defs" | "title" | "description" | "format" | "default" => {}
            "$ref" => {
                let pointer =
                    of.as_str().and_then(|path| path.strip_prefix('#')).ok_or("a reference elsewhere")?;
                check(root, root.pointer(pointer).ok_or(format!("{of} is not there"))?, value, at)?;
            }
            "type" => {
                let kinds: Vec<&str> = match of {
                    Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
                    kind => kind.as_str().into_iter().collect(),
                };
                if !kinds.iter().any(|kind| is(kind, value)) {
                    return Err(format!("{at}: {value} is not {kinds:?}"));
                }
            }
            "minimum" if value.is_number() && value.as_f64() < of.as_f64() => {
                return Err(format!("{at}: {value} is below {of}"));
            }
            "maximum" if value.is_number() && value.as_f64() > of.as_f64() => {
                return Err(format!("{at}: {value} is above {of}"));
            }
            "minimum" | "maximum" => {}
            "const" if of != value => return Err(format!("{at}: {value} is not {of}")),
            "const" => {}
            "enum" if !of.as_array().is_some_and(|words| words.contains(value)) => {
                return Err(format!("{at}: {value} is not in {of}"));
            }
            "enum" => {}
            "properties" => {
                for (name, schema) in of.as_object().into_iter().flatten() {
                    if let Some(child) = value.get(name) {
                        check(root, schema, child, &format!("{at}.{name}"))?;
                    }
                }
            }
            "required" => {
                for name in of.as_array().into_iter().flatten().filter_map(Value::as_str) {
                    value.get(name).ok_or(format!("{at}.{name} is missing"))?;
                }
            }
            "additionalProperties" => {
                let known = rules.get("properties").and_then(Value::as_object);
                for (name, child) in value.as_object().into_iter().flatten() {
                    if !known.is_some_and(|known| known.contains_key(name)) {
                        check(root, of, child, &format!("{at}.{name}"))?;
                    }
                }
            }
            "items" => {
                for (index, child) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, of, child, &format!("{at}[{index}]"))?;
                }
            }
            "anyOf" | "oneOf" => {
                let tried: Vec<_> = of
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|schema| check(root, schema, value, at))
                    .collect();
                if !tried.iter().any(Result::is_ok) {
                    return Err(format!("{at}: fits none of {tried:?}"));
                }
            }
            other => return Err(format!("{at}: this test does not know the rule {other}")),
        }
    }
    Ok(())
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_u64() || value.is_i64(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}

/// Every key in the file is one that the schema names: a key that is not described is a mistake here.
fn described(root: &Value, schema: &Value, value: &Value, at: &str) {
    let schema = match schema.get("$ref").and_then(Value::as_str) {
        Some(path) => root.pointer(path.trim_start_matches('#')).expect("a definition"),
        None => schema,
    };
    let properties = schema.get("properties").and_then(Value::as_object);
    for (name, child) in value.as_object().into_iter().flatten() {
        if let Some(properties) = properties {
            let known = properties.get(name).unwrap_or_else(|| panic!("{at}.{name} is not in the schema"));
            let text = known.get("description").and_then(Value::as_str).unwrap_or_default();
            assert!(!text.is_empty(), "{at}.{name} is not described");
            described(root, known, child, &format!("{at}.{name}"));
        }
    }
    if let (Some(items), Some(first)) = (schema.get("items"), value.get(0)) {
        described(root, items, first, &format!("{at}[0]"));
    }
}

#[test]
fn a_run_fits_the_published_schema_and_every_key_is_described() {
    let schema: Value = serde_json::from_str(&run_schema()).expect("a schema is JSON");
    let folder = Folder::new("schema");
    let (directory, ..) = finished(&folder.join("run"), 2, 31);
    let text = std::fs::read_to_string(directory.run()).expect("just written");
    let tree: Value = serde_json::from_str(&text).expect("JSON");
    check(&schema, &schema, &tree, "run").unwrap_or_else(|why| panic!("{why}"));
    described(&schema, &schema, &tree, "run");
}

#[test]
fn the_schema_refuses_what_is_not_a_run() {
    let schema: Value = serde_json::from_str(&run_schema()).expect("a schema is JSON");
    let folder = Folder::new("schema-refuses");
    let (_, header, evidence) = run(&folder.join("run"), 1, 32);
    let run = aggregate(&header, &evidence, None).expect("whole evidence");
    let tree = serde_json::to_value(&run).expect("plain data");
    for (edit, why) in [
        ((|tree| tree["ranks"] = Value::from(-1)) as fn(&mut Value), "run.ranks"),
        (|tree| tree["complete"] = Value::from("yes"), "run.complete"),
        (|tree| drop(tree.as_object_mut().map(|fields| fields.remove("cases"))), "run.cases is missing"),
        (|tree| tree["cases"][0]["metrics"]["cpu_share"]["unit"] = Value::Null, "metrics.cpu_share.unit"),
    ] {
        let mut changed = tree.clone();
        edit(&mut changed);
        let error = check(&schema, &schema, &changed, "run").expect_err(why);
        assert!(error.contains(why), "{error}");
    }
}

/// Names that the first release promises; a consumer may rely on them.
#[test]
fn run_json_has_every_promised_name() {
    let folder = Folder::new("promised");
    let (_, header, evidence) = run(&folder.join("run"), 2, 33);
    let run = aggregate(&header, &evidence, Some(1.0)).expect("whole evidence");
    let tree = serde_json::to_value(&run).expect("plain data");
    let has = |at: &str, names: &[&str]| {
        let value = tree.pointer(at).unwrap_or_else(|| panic!("{at} is missing"));
        names.iter().for_each(|name| assert!(value.get(*name).is_some(), "{at}/{name} is missing"));
    };
    let top = "schema complete name job job_hash command started elapsed_s ranks hosts environment cases";
    has("", &top.split(' ').collect::<Vec<_>>());
    let environment = "cpu_model cpu_flags caches cores_per_l3 kernel governor smt transparent_huge_pages numa_balancing \
                       clock_source clock_step_ns mpi_library scheduler_job git_commit build_features";
    has("/environment", &environment.split_whitespace().collect::<Vec<_>>());
    let case = ["id", "workload", "parameters", "metrics", "histograms", "locality", "per_rank"];
    ["/cases/0", "/cases/1"].into_iter().for_each(|at| has(at, &case));
    let shares = ["core_seconds_per_gib", "refill_share"];
    has("/cases/0/metrics", &[&["throughput_bytes_per_s"][..], &shares[..]].concat());
    has("/cases/1/metrics", &["operations_per_s", "refill_share"]);
    has("/cases/0/metrics/refill_share", &["value", "unit", "repetitions", "values"]);
    has("/cases/0/histograms", &["chunk_ns", "refill_ns", "refill_stage_ns.find", "refill_stage_ns.drain"]);
    let summary = ["count", "timed", "min", "p50", "p90", "p99", "p999", "max", "sum"];
    ["chunk_ns", "refill_ns"]
        .into_iter()
        .for_each(|name| has(&format!("/cases/0/histograms/{name}"), &summary));
    assert!(tree["ranks"].is_u64());
}
