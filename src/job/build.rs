//! From text to [`Job`]: the steps in their order, and the fields filled from checked values.

use crate::error::{Error, Result};
use crate::units::Bytes;

use super::check::Value;
use super::combination;
use super::diagnostic::{Diagnostic, Place, Source};
use super::document::{self, JOB_FILE};
use super::entry::{Document, Entry, Header, Table};
use super::excerpt::render;
use super::key::{Key, Section};
use super::setting::Setting;
use super::values::{Values, resolve};
use super::{Allocate, Amount, Bound, Gate, Generate, Job, Rank, Run, Slab, Workers};

impl Job {
    /// Reads a job file and applies settings to it, later ones over earlier ones.
    ///
    /// `file_name` is only printed. A setting replaces what the file says, a key's rival included: with
    /// `run.bytes=64GiB` the file's `duration` is gone.
    ///
    /// # Errors
    /// [`Error::Job`] with everything that is wrong, up to ten at once: `file:line:column: message`, the line with a caret, what would be
    /// accepted. What is wrong in a setting points into its argument.
    pub fn parse(text: &str, file_name: &str, settings: &[Setting]) -> Result<Job> {
        read(text, settings).map_err(|diagnostics| {
            let file = Source { name: file_name, text, numbered: true };
            let sources: Vec<Source<'_>> =
                std::iter::once(file).chain(settings.iter().map(Setting::source)).collect();
            Error::Job(render(diagnostics, &sources))
        })
    }
}

/// How large a job file can be: whoever reads one need not read further.
pub const JOB_FILE_BYTES_MAX: usize = 1 << 20;

/// The text of a job file out of the bytes that were read or received.
///
/// # Errors
/// [`Error::Job`] when there are more than [`JOB_FILE_BYTES_MAX`], or with line and column of the first byte that is
/// not UTF-8.
pub fn decode<'a>(bytes: &'a [u8], file_name: &str) -> Result<&'a str> {
    if bytes.len() > JOB_FILE_BYTES_MAX {
        let most = Bytes(JOB_FILE_BYTES_MAX as u64);
        return Err(Error::Job(format!("{file_name}: larger than {most}, which no job file is")));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let start = error.valid_up_to();
        // Up to the first wrong byte the lossy text is the same.
        let text = String::from_utf8_lossy(bytes);
        let message = match bytes {
            [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => "this is UTF-16".to_owned(),
            _ => format!("byte 0x{:02X} is not UTF-8", bytes[start]),
        };
        let place = Place { source: JOB_FILE, start, end: start };
        let diagnostic = Diagnostic::new(place, message, "").accepted("text in UTF-8");
        Error::Job(render(vec![diagnostic], &[Source { name: file_name, text: &text, numbered: true }]))
    })
}

fn read(text: &str, settings: &[Setting]) -> Result<Job, Vec<Diagnostic>> {
    let mut wrong = Vec::new();
    let mut document = document::read(text, &mut wrong)?;
    if document.entries.is_empty() && document.headers.is_empty() && wrong.is_empty() {
        let nothing = Diagnostic::new(Place::NOWHERE, "the job file says nothing", "begin here");
        return Err(vec![
            nothing.accepted("at the least schema = 1, name = \"NAME\", and [generate] or [allocate]"),
        ]);
    }
    apply(&mut document, settings, &mut wrong);
    let values = resolve(document, wrong)?;
    let job = build(&values);
    let end = Place { source: JOB_FILE, start: text.len(), end: text.len() };
    combination::check(&job, &values, end)?;
    Ok(job)
}

/// Puts every setting in the place of what the file or an earlier setting says. A second sweep of a key is refused: it
/// could as well be meant to go on with the first.
fn apply(document: &mut Document, settings: &[Setting], wrong: &mut Vec<Diagnostic>) {
    let mut swept: Vec<(Table, String, Place)> = Vec::new();
    for (index, setting) in settings.iter().enumerate() {
        let entry = setting.entry(index + 1).and_then(|entry| combination::known_gate(document, entry));
        if let (Ok(entry), true) = (&entry, setting.is_sweep()) {
            let earlier = swept.iter().find(|(table, key, _)| *table == entry.table && *key == entry.key);
            if let Some((_, key, first)) = earlier {
                let message = format!("\"{key}\" is swept twice");
                let diagnostic = Diagnostic::new(entry.key_place, message, "write all its values in one");
                wrong.push(diagnostic.related(*first, "first here"));
            }
            swept.push((entry.table, entry.key.clone(), entry.key_place));
        }
        match entry {
            Ok(entry) => replace(document, entry),
            Err(diagnostic) => wrong.push(diagnostic),
        }
    }
}

fn replace(document: &mut Document, entry: Entry) {
    let rival = Key::find(entry.table.section, &entry.key).and_then(|key| key.rival);
    document.entries.retain(|earlier| {
        let same_key = earlier.key == entry.key;
        let rival_in_file = earlier.key_place.source == JOB_FILE && Some(earlier.key.as_str()) == rival;
        earlier.table != entry.table || !(same_key || rival_in_file)
    });
    if !document.headers.iter().any(|header| header.table == entry.table) {
        document.headers.push(Header { table: entry.table, place: entry.key_place });
    }
    document.entries.push(entry);
}

const JOB: Table = Table { section: Section::Job, index: 0 };
const RUN: Table = Table { section: Section::Run, index: 0 };
const RANK: Table = Table { section: Section::Rank, index: 0 };
const GENERATE: Table = Table { section: Section::Generate, index: 0 };
const ALLOCATE: Table = Table { section: Section::Allocate, index: 0 };
const SLAB: Table = Table { section: Section::Slab, index: 0 };

/// Why a value is there: `resolve` refuses a job without it, or fills in the default.
const RESOLVED: &str = "required keys and defaults are resolved";

fn build(values: &Values) -> Job {
    Job {
        schema: values.one(JOB, "schema", Value::count).expect(RESOLVED),
        name: values.one(JOB, "name", Value::name).expect(RESOLVED),
        seed: values.one(JOB, "seed", Value::count).expect(RESOLVED),
        run: build_run(values),
        rank: Rank {
            bind: values.one(RANK, "bind", Value::word).expect(RESOLVED),
            workers: values.list(RANK, "workers", build_workers),
            share_nodes: values.one(RANK, "share_nodes", Value::switch).expect(RESOLVED),
        },
        generate: values.has(GENERATE).then(|| build_generate(values)),
        allocate: values.has(ALLOCATE).then(|| Allocate {
            workload: values.list(ALLOCATE, "workload", Value::word),
            allocator: values.list(ALLOCATE, "allocator", Value::word),
        }),
        slab: Slab {
            design: values.one(SLAB, "design", Value::word).expect(RESOLVED),
            batch: values.list(SLAB, "batch", Value::count_u32),
        },
        gates: values.gates().map(|gate| build_gate(values, gate)).collect(),
    }
}

fn build_run(values: &Values) -> Run {
    let bytes = values.one(RUN, "bytes", Value::size).map(Amount::Bytes);
    let duration = || values.one(RUN, "duration", Value::duration).map(Amount::Duration);
    Run {
        warmup: values.one(RUN, "warmup", Value::duration).expect(RESOLVED),
        amount: bytes.or_else(duration).expect(RESOLVED),
        repetitions: values.one(RUN, "repetitions", Value::count_u32).expect(RESOLVED),
        order: values.one(RUN, "order", Value::word).expect(RESOLVED),
        interval: values.one(RUN, "interval", Value::duration).expect(RESOLVED),
    }
}

fn build_workers(value: &Value) -> Workers {
    match value {
        Value::Word(_) => Workers::All,
        count => Workers::Count(count.count_u32()),
    }
}

fn build_generate(values: &Values) -> Generate {
    Generate {
        chunk: values.list(GENERATE, "chunk", Value::size),
        block: values.list(GENERATE, "block", Value::size),
        kernel: values.list(GENERATE, "kernel", Value::word),
        stores: values.list(GENERATE, "stores", Value::word),
        in_flight: values.list(GENERATE, "in_flight", Value::count_u32),
    }
}

fn build_gate(values: &Values, gate: Table) -> Gate {
    let at_least = values.one(gate, "at_least", Value::number).map(Bound::AtLeast);
    let at_most = || values.one(gate, "at_most", Value::number).map(Bound::AtMost);
    Gate {
        metric: values.one(gate, "metric", Value::metric).expect(RESOLVED),
        bound: at_least.or_else(at_most).expect("a gate without a bound is refused before"),
        level: values.one(gate, "level", Value::word).expect(RESOLVED),
        against: None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Allocator;
    use super::*;
    use crate::units::Nanoseconds;

    const EVERY_SECTION: &str = "schema = 1\nname = \"x\"\n[generate]\n[allocate]\n[[gate]]\n\
        metric = \"locality\"\nat_least = 0.99\n[[gate]]\nmetric = \"refill_share\"\nat_most = 1e-3\n";

    fn job(text: &str, settings: &[&str]) -> Job {
        let settings: Vec<Setting> = settings.iter().copied().map(Setting::new).collect();
        Job::parse(text, "job.toml", &settings).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn effective_job_parses_back_to_an_equal_job_and_writes_every_key() {
        let sweeps = ["rank.workers=[all,1,2]", "generate.chunk=[8MiB,96MiB]", "slab.batch=512"];
        for settings in [&[][..], &sweeps] {
            let job = job(EVERY_SECTION, settings);
            let effective = job.effective();
            assert_eq!(Job::parse(&effective, "effective", &[]).expect("it is a job"), job);
            for key in super::super::keys::KEYS.iter().filter(|key| key.name != "bytes") {
                assert!(effective.contains(&format!("{} = ", key.name)), "{}\n{effective}", key.path());
            }
        }
    }

    #[test]
    fn a_setting_replaces_the_file_and_its_rival() {
        let text = "schema = 1\nname = \"x\"\n[run]\nduration = \"1s\"\n[generate]\nchunk = \"8MiB\"\n";
        assert_eq!(job(text, &["run.duration=3s"]).run.amount, Amount::Duration(Nanoseconds(3_000_000_000)));
        assert_eq!(job(text, &["run.bytes=1GiB"]).run.amount, Amount::Bytes(Bytes(1 << 30)));
        assert_eq!(job(text, &["seed=1", "seed=2"]).seed, 2);
    }

    #[test]
    fn a_sweep_is_a_list_without_brackets_and_replaces_what_was_set() {
        let text = "schema = 1\nname = \"x\"\n[generate]\nchunk = \"8MiB\"\n";
        let job = |settings: &[Setting]| {
            Job::parse(text, "job.toml", settings).unwrap_or_else(|error| panic!("{error}"))
        };
        let written = job(&[Setting::new("generate.chunk=[4MiB, 16MiB, 32MiB, 64MiB]")]);
        for sweep in
            ["4MiB,16MiB..64MiB*2", "[4MiB, 16MiB, 32MiB..64MiB+32MiB]", " 4MiB , 16MiB,32MiB,64MiB, "]
        {
            let sweep = Setting::sweep(format!("generate.chunk={sweep}"));
            assert_eq!(job(&[Setting::new("generate.chunk=1MiB"), sweep.clone()]), written, "{sweep:?}");
        }
        let one = job(&[Setting::sweep("rank.workers=all"), Setting::sweep("slab.batch=8..8*2")]);
        assert_eq!((one.rank.workers, one.slab.batch), (vec![Workers::All], vec![8]));
    }

    #[test]
    fn a_setting_needs_no_section_in_the_file() {
        let job = job("schema = 1\nname = \"x\"\n[generate]\n", &["allocate.allocator=[slab, system]"]);
        let allocate = job.allocate.expect("the setting asks for it");
        assert_eq!(allocate.allocator, [Allocator::Slab, Allocator::System]);
    }

    #[test]
    fn the_hash_sees_what_is_asked_and_not_how_it_is_written() {
        let plain = job("schema = 1\nname = \"x\"\n[generate]\nchunk = \"64MiB\"\n", &[]);
        let other = "# a comment\nname = 'x' # and another\nschema = 0x1\ngenerate.chunk = [\"65536KiB\"]\n";
        assert_eq!(job(other, &[]).hash(), plain.hash());
        assert_ne!(job(other, &["seed=43"]).hash(), plain.hash());
        assert_eq!(plain.hash().len(), 32);
    }
}
