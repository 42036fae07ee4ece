//! The effective job: every default written out, as TOML that parses back to an equal job.

use std::fmt::Write as _;

use super::key::Section;
use super::words::Word;
use super::{Amount, Bound, Change, Generate, Job, Repetitions, Workers};

impl Job {
    /// The job with all defaults and settings, as a job file.
    pub fn effective(&self) -> String {
        let mut text = String::new();
        for section in Section::ALL {
            for fields in self.tables(section) {
                if !text.is_empty() {
                    text.push('\n');
                }
                match section {
                    Section::Job => {}
                    section => writeln!(text, "{}", section.shown()).expect("a String takes everything"),
                }
                for (key, value) in fields {
                    writeln!(text, "{key} = {value}").expect("a String takes everything");
                }
            }
        }
        text
    }

    /// The tables of a section, each with its keys and their values as TOML.
    fn tables(&self, section: Section) -> Vec<Vec<(&'static str, String)>> {
        match section {
            Section::Job => vec![vec![
                ("schema", self.schema.to_string()),
                ("name", text(&self.name)),
                ("seed", self.seed.to_string()),
            ]],
            Section::Run => vec![run(&self.run)],
            Section::Stop => self.run.repetitions.stop().iter().map(stop).collect(),
            Section::Drop => {
                Some(drop_rule(&self.run.drop)).into_iter().filter(|rule| !rule.is_empty()).collect()
            }
            Section::Rank => vec![vec![
                ("bind", word(self.rank.bind)),
                ("workers", list(&self.rank.workers, workers)),
                ("share_nodes", self.rank.share_nodes.to_string()),
            ]],
            Section::Generate => self.generate.iter().map(Generate::written).collect(),
            Section::Allocate => self.allocate.iter().map(allocate).collect(),
            Section::Slab => {
                vec![vec![("design", word(self.slab.design)), ("batch", list(&self.slab.batch, number))]]
            }
            Section::Arm => self.arms.iter().map(arm).collect(),
            Section::Gate => self.gates.iter().map(gate).collect(),
        }
    }
}

fn run(run: &super::Run) -> Vec<(&'static str, String)> {
    let amount = match run.amount {
        Amount::Duration(duration) => ("duration", text(duration)),
        Amount::Bytes(bytes) => ("bytes", text(bytes)),
    };
    let mut fields = vec![("warmup", text(run.warmup)), amount];
    // With a rule there is no number: its section says it.
    if let Repetitions::Count(count) = run.repetitions {
        fields.push(("repetitions", count.to_string()));
    }
    fields.extend([
        ("order", word(run.order)),
        ("interval", text(run.interval)),
        ("limit", text(run.limit)),
        ("aa", run.aa.to_string()),
    ]);
    fields
}

fn stop(stop: &super::Stop) -> Vec<(&'static str, String)> {
    let time = stop.time.map(|time| ("time", text(time)));
    let always = [("half_width", text(stop.half_width)), ("at_most", number(stop.at_most))];
    always.into_iter().chain(time).collect()
}

fn drop_rule(rule: &super::DropRule) -> Vec<(&'static str, String)> {
    let bounds = [
        ("cpu_share", rule.cpu_share),
        ("core_clock", rule.core_clock),
        ("steal", rule.steal),
        ("run_delay", rule.run_delay),
    ];
    bounds.into_iter().filter_map(|(key, bound)| Some((key, text(bound?)))).collect()
}

fn arm(arm: &super::Arm) -> Vec<(&'static str, String)> {
    let name = ("name", text(&arm.name));
    std::iter::once(name).chain(arm.changes.iter().copied().map(change)).collect()
}

/// A key of an arm, with its section, and its value.
fn change(change: Change) -> (&'static str, String) {
    match change {
        Change::Workers(count) => ("rank.workers", workers(count)),
        Change::Generate(change) => change.written(),
        Change::Workload(workload) => ("allocate.workload", word(workload)),
        Change::Allocator(allocator) => ("allocate.allocator", word(allocator)),
        Change::Batch(batch) => ("slab.batch", number(batch)),
    }
}

fn allocate(allocate: &super::Allocate) -> Vec<(&'static str, String)> {
    vec![("workload", list(&allocate.workload, word)), ("allocator", list(&allocate.allocator, word))]
}

fn gate(gate: &super::Gate) -> Vec<(&'static str, String)> {
    let (key, bound) = match gate.bound {
        Bound::AtLeast(bound) => ("at_least", bound),
        Bound::AtMost(bound) => ("at_most", bound),
    };
    // Debug keeps the point or exponent that makes it a float for TOML, and every digit that matters.
    let against = gate.against.as_ref().map(|directory| ("against", text(directory)));
    let always =
        [("metric", text(gate.metric.name())), (key, format!("{bound:?}")), ("level", word(gate.level))];
    always.into_iter().chain(against).collect()
}

/// In quotes, without escapes: names, words, sizes and durations are made of characters that need none.
fn text(value: impl std::fmt::Display) -> String {
    format!("\"{value}\"")
}

fn number(value: u32) -> String {
    value.to_string()
}

fn word<W: Word>(value: W) -> String {
    text(value.word())
}

fn workers(workers: Workers) -> String {
    match workers {
        Workers::All => text("all"),
        Workers::Count(count) => count.to_string(),
    }
}

/// A sweep of one is written as the scalar it was, or could have been.
pub(super) fn list<T: Copy>(values: &[T], shown: impl Fn(T) -> String) -> String {
    match values {
        [value] => shown(*value),
        values => format!("[{}]", values.iter().copied().map(shown).collect::<Vec<_>>().join(", ")),
    }
}
