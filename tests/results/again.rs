//! The rows of `samples.parquet` derived a second time, from the text of the parts alone.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::fixture::STRATA;

/// One repetition: host, rank, and the record in the part.
pub struct Line {
    pub host: String,
    pub rank: i64,
    pub node: i64,
    pub of: Value,
}

impl Line {
    pub fn number(&self, name: &str) -> f64 {
        self.of[name].as_f64().unwrap_or_else(|| panic!("{name} of {:?}", self.of["case"]))
    }

    pub fn case(&self) -> String {
        self.of["case"].as_str().expect("an id").to_owned()
    }

    pub fn round(&self) -> i64 {
        self.of["round"].as_i64().expect("a number")
    }

    pub fn generates(&self) -> bool {
        self.case().starts_with("generate")
    }
}

pub fn lines(run: &Path, ranks: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    for rank in 0..ranks {
        let text = fs::read_to_string(run.join(format!("parts/rank-{rank:05}.jsonl"))).expect("a part");
        let mut all = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        let begin = all.next().expect("a first line");
        let host = begin["host"].as_str().expect("a name");
        let node = begin["node_index"].as_i64().expect("a number");
        let repetitions = all.filter(|line| line["kind"] == "repetition");
        lines.extend(repetitions.map(|of| Line { host: host.to_owned(), rank: rank as i64, node, of }));
    }
    lines
}

/// The figures of some ranks in one repetition, with units.
pub fn figures(lines: &[&Line]) -> BTreeMap<&'static str, (f64, &'static str)> {
    let sum = |name: &str| lines.iter().map(|line| line.number(name)).sum::<f64>();
    let longest_s = lines.iter().map(|line| line.number("elapsed_ns")).fold(0.0, f64::max) / 1e9;
    let refills = STRATA.map(|stratum| {
        let of = |name: &str| {
            lines
                .iter()
                .map(|line| line.of["histograms"][stratum][name].as_f64().expect("a number"))
                .sum::<f64>()
        };
        of("sum") * of("count") / of("timed")
    });
    let mut figures = BTreeMap::from([
        ("cpu_share", (sum("cpu_ns") / sum("worker_ns"), "share")),
        ("refill_share", (refills.iter().sum::<f64>() / sum("worker_ns"), "share")),
        (
            "busy_workers",
            (lines.iter().map(|line| line.number("busy_workers")).fold(f64::MAX, f64::min), "workers"),
        ),
    ]);
    if lines.iter().all(|line| line.of["memory_peak_bytes"].is_number()) {
        let most = lines.iter().map(|line| line.number("memory_peak_bytes")).fold(0.0, f64::max);
        figures.insert("memory_peak_bytes", (most, "bytes"));
    }
    let noise = |name: &str| {
        let all: Option<Vec<f64>> = lines.iter().map(|line| line.of["noise"][name].as_f64()).collect();
        all.map(|all| all.iter().sum::<f64>())
    };
    let cost: f64 =
        lines.iter().map(|line| line.of["measuring"]["cost_ns"].as_f64().expect("a number")).sum();
    figures.insert("measuring_share", (cost / sum("worker_ns"), "share"));
    figures.insert("involuntary_switches", (noise("involuntary_switches").expect("counted"), "switches"));
    for (metric, name) in
        [("quota_share", "throttled_ns"), ("run_delay_share", "run_delay_ns"), ("steal_share", "steal_ns")]
    {
        figures.extend(noise(name).map(|total| (metric, (total / sum("worker_ns"), "share"))));
    }
    let workers = lines.iter().flat_map(|line| line.of["noise"]["workers"].as_array().expect("a list"));
    let probe = |worker: &Value, name: &str| worker[name].as_f64().expect("a number");
    let changes =
        workers.map(|worker| probe(worker, "probe_before_ns") / probe(worker, "probe_after_ns") - 1.0);
    let most = changes.fold(0.0, |most: f64, change| if change.abs() > most.abs() { change } else { most });
    figures.insert("core_clock_change", (most, "share"));
    if lines[0].generates() {
        let gib = sum("bytes") / f64::from(1 << 30);
        figures.insert("throughput_bytes_per_s", (sum("bytes") / longest_s, "bytes/s"));
        figures.insert("core_seconds_per_gib", (sum("cpu_ns") / 1e9 / gib, "s/GiB"));
    } else {
        figures.insert("operations_per_s", (sum("operations") / longest_s, "operations/s"));
        figures.insert("core_ns_per_operation", (sum("cpu_ns") / sum("operations"), "ns"));
    }
    figures
}

/// The share of their limit that these ranks reached in each round of a case; `None` for a case without limits. `lines`
/// are all lines of the ranks, in any order.
pub fn limit_shares(lines: &[&Line]) -> Option<BTreeMap<i64, f64>> {
    let mut rounds: BTreeMap<i64, Vec<&Line>> = BTreeMap::new();
    lines.iter().for_each(|line| rounds.entry(line.round()).or_default().push(line));
    let number = |timing: &Value, name: &str| timing[name].as_f64().expect("a number");
    let rate = |lines: &[&Line], kernel: &str| {
        let (mut bytes, mut ns) = (0.0, 0.0);
        for when in ["before", "after"] {
            let of_line = |line: &&Line| {
                let timings = line.of["limits"].as_array().expect("a list");
                let wanted = |timing: &&Value| timing["kernel"] == kernel && timing["when"] == when;
                timings
                    .iter()
                    .find(wanted)
                    .map(|timing| (number(timing, "bytes"), number(timing, "elapsed_ns")))
            };
            let each: Vec<(f64, f64)> = lines.iter().filter_map(of_line).collect();
            bytes += each.iter().map(|(bytes, _)| bytes).sum::<f64>();
            ns += each.iter().map(|(_, ns)| *ns).fold(0.0, f64::max);
        }
        bytes / ns * 1e9
    };
    let median = |kernel: &&str| {
        let mut rates: Vec<f64> = rounds.values().map(|lines| rate(lines, kernel)).collect();
        rates.sort_by(f64::total_cmp);
        rates[rates.len() / 2]
    };
    let best = ["memset", "ordinary", "non_temporal"];
    let best = best.into_iter().max_by(|a, b| median(a).total_cmp(&median(b))).expect("three loops");
    let share = |lines: &Vec<&Line>| figures(lines)["throughput_bytes_per_s"].0 / rate(lines, best);
    lines[0].generates().then(|| rounds.iter().map(|(round, lines)| (*round, share(lines))).collect())
}

/// Values that only a rank has, with interval and unit.
pub fn measured(line: &Line) -> Vec<(&'static str, Option<i64>, f64, &'static str)> {
    let histogram = |name: &str| &line.of["histograms"][name];
    let number = |value: &Value| value.as_f64().expect("a number");
    let [slow, fast] = STRATA.map(histogram);
    let mut values = vec![
        ("elapsed_ns", None, line.number("elapsed_ns"), "ns"),
        ("worker_ns", None, line.number("worker_ns"), "ns"),
        ("cpu_ns", None, line.number("cpu_ns"), "ns"),
        ("heap_offset_bytes", None, line.number("heap_offset_bytes"), "bytes"),
        ("refills_slow", None, number(&slow["count"]), "refills"),
        ("refills_fast", None, number(&fast["count"]), "refills"),
        ("refill_ns_max", None, number(&slow["max"]).max(number(&fast["max"])), "ns"),
    ];
    for (name, key, unit) in [
        ("clock_reads", "clock_reads", "readings"),
        ("records", "records", "records"),
        ("measuring_ns", "cost_ns", "ns"),
    ] {
        values.push((name, None, number(&line.of["measuring"][key]), unit));
    }
    let noise = &line.of["noise"];
    let workers = noise["workers"].as_array().expect("a list");
    for (name, unit) in [
        ("voluntary_switches", "switches"),
        ("minor_faults", "faults"),
        ("major_faults", "faults"),
        ("migrations", "migrations"),
        ("run_delay_ns", "ns"),
    ] {
        values.push((name, None, workers.iter().map(|worker| number(&worker[name])).sum(), unit));
    }
    let shares = workers.iter().map(|worker| number(&worker["cpu_ns"]) / number(&worker["wall_ns"]));
    values.push(("cpu_share_min", None, shares.fold(f64::MAX, f64::min), "share"));
    // A counter that the machine does not offer is null and has no row.
    for (name, unit) in [
        ("steal_ns", "ns"),
        ("throttled_ns", "ns"),
        ("thermal_throttles", "throttles"),
        ("pressure_cpu_ns", "ns"),
        ("pressure_memory_ns", "ns"),
    ] {
        values.extend(noise[name].as_f64().map(|value| (name, None, value, unit)));
    }
    let (amount, of_interval) = match line.generates() {
        true => ("bytes", "interval_bytes"),
        false => ("operations", "interval_operations"),
    };
    values.push((amount, None, line.number(amount), amount));
    if line.generates() {
        values.push(("chunk_ns_max", None, number(&histogram("chunk_ns")["max"]), "ns"));
    }
    for (index, value) in (0..).zip(line.of["intervals"].as_array().expect("a list")) {
        values.push((of_interval, Some(index), number(value), amount));
    }
    values
}
