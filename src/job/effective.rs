//! The effective job: every default written out, as TOML that parses back to an equal job.

use std::fmt::Write as _;

use super::key::Section;
use super::words::Word;
use super::{Amount, Bound, Job, Workers};

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
            Section::Run => vec![vec![
                ("warmup", text(self.run.warmup)),
                match self.run.amount {
                    Amount::Duration(duration) => ("duration", text(duration)),
                    Amount::Bytes(bytes) => ("bytes", text(bytes)),
                },
                ("repetitions", self.run.repetitions.to_string()),
                ("order", word(self.run.order)),
                ("interval", text(self.run.interval)),
            ]],
            Section::Rank => vec![vec![
                ("bind", word(self.rank.bind)),
                ("workers", list(&self.rank.workers, workers)),
                ("share_nodes", self.rank.share_nodes.to_string()),
            ]],
            Section::Generate => self.generate.iter().map(generate).collect(),
            Section::Allocate => self.allocate.iter().map(allocate).collect(),
            Section::Slab => {
                vec![vec![("design", word(self.slab.design)), ("batch", list(&self.slab.batch, number))]]
            }
            Section::Gate => self.gates.iter().map(gate).collect(),
        }
    }
}

fn generate(generate: &super::Generate) -> Vec<(&'static str, String)> {
    vec![
        ("chunk", list(&generate.chunk, text)),
        ("block", list(&generate.block, text)),
        ("kernel", list(&generate.kernel, word)),
        ("stores", list(&generate.stores, word)),
        ("in_flight", list(&generate.in_flight, number)),
    ]
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
    vec![("metric", text(gate.metric.name())), (key, format!("{bound:?}")), ("level", word(gate.level))]
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
fn list<T: Copy>(values: &[T], shown: impl Fn(T) -> String) -> String {
    match values {
        [value] => shown(*value),
        values => format!("[{}]", values.iter().copied().map(shown).collect::<Vec<_>>().join(", ")),
    }
}
