//! From text to [`Job`]: the steps in their order, and the fields filled from checked values.

use crate::error::{Error, Result};
use crate::units::{Bytes, Nanoseconds, Share};

use super::built;
use super::combination;
use super::diagnostic::{Diagnostic, Place, SourceText};
use super::document::{self, JOB_FILE};
use super::effective::effective;
use super::entry::{Document, Entry, Table, TableHeader};
use super::excerpt::render;
use super::key::{Key, Kind, Section};
use super::setting::Setting;
use super::value::Field;
use super::values::{Values, resolve};
use super::{
    Allocate, Allocator, Amount, Arm, Bound, DropRule, Gate, Generate, Job, Rank, Repetitions, Run, Slab,
    Stop,
};

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
        Job::parse_with(text, file_name, settings, |_| true)
    }

    /// The same for a job that this program is to run: it has to contain every allocator that the job names. The result of
    /// a run can be read by any build.
    ///
    /// # Errors
    /// As `parse`, and [`Error::Job`] for the first allocator that this program was built without.
    pub fn parse_to_run(text: &str, file_name: &str, settings: &[Setting]) -> Result<Job> {
        Job::parse_with(text, file_name, settings, Allocator::is_built_in)
    }

    /// The same for a program that contains the allocators for which `has` is true.
    pub(super) fn parse_with(
        text: &str,
        file_name: &str,
        settings: &[Setting],
        has: fn(Allocator) -> bool,
    ) -> Result<Job> {
        read(text, settings, has).map_err(|diagnostics| {
            let file = SourceText { name: file_name, text, numbered: true };
            let sources: Vec<SourceText<'_>> =
                std::iter::once(file).chain(settings.iter().map(Setting::source)).collect();
            Error::Job(render(diagnostics, &sources))
        })
    }
}

/// Largest size of a job file, in bytes; readers stop there.
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
        Error::Job(render(vec![diagnostic], &[SourceText { name: file_name, text: &text, numbered: true }]))
    })
}

fn read(text: &str, settings: &[Setting], has: fn(Allocator) -> bool) -> Result<Job, Vec<Diagnostic>> {
    let mut wrong = Vec::new();
    let mut document = document::read(text, &mut wrong)?;
    if document.entries.is_empty() && document.headers.is_empty() && wrong.is_empty() {
        let nothing = Diagnostic::new(Place::NOWHERE, "the job file is empty", "begin here");
        return Err(vec![
            nothing.accepted("at least schema = 1, name = \"NAME\", and [generate] or [allocate]"),
        ]);
    }
    apply(&mut document, settings, &mut wrong);
    let values = resolve(document, wrong)?;
    let job = build(&values);
    let end = Place { source: JOB_FILE, start: text.len(), end: text.len() };
    combination::check(&job, &values, end)?;
    match built::missing(&values, has) {
        Some(missing) => Err(vec![missing]),
        None => Ok(job),
    }
}

/// Puts every setting in the place of what the file or an earlier setting says. A second sweep of a key is refused: it
/// could as well be meant to go on with the first.
fn apply(document: &mut Document, settings: &[Setting], wrong: &mut Vec<Diagnostic>) {
    let mut swept: Vec<(Table, String, Place)> = Vec::new();
    for (index, setting) in settings.iter().enumerate() {
        let entry = setting.entry(index + 1).and_then(|entry| combination::known_item(document, entry));
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
    let in_file = |place: Place| place.source == JOB_FILE;
    let key = Key::find(entry.table.section, &entry.key);
    // What is set in a section is set in the section that holds it.
    let key = entry.table.section.holder().or(key);
    let rival = key.and_then(|key| Key::find(key.section, key.rival?));
    if let (Some(rival), None) = (rival, entry.table.arm()) {
        let is_rival = |table: Table, name: &str| match rival.kind {
            Kind::Table(section) => table == Table::single(section),
            _ => table.section == rival.section && name == rival.name && in_same_item(table, entry.table),
        };
        document.entries.retain(|known| !(is_rival(known.table, &known.key) && in_file(known.key_place)));
        document.headers.retain(|known| !(is_rival(known.table, "") && in_file(known.place)));
    }
    document.entries.retain(|known| known.table != entry.table || known.key != entry.key);
    let written = document.headers.iter().any(|header| header.table == entry.table);
    if !written && entry.table.arm().is_none() {
        document.headers.push(TableHeader { table: entry.table, place: entry.key_place });
    }
    document.entries.push(entry);
}

/// A gate's bound has its rival in the same gate.
fn in_same_item(one: Table, other: Table) -> bool {
    !one.section.is_list() || one == other
}

const JOB: Table = Table { section: Section::Job, index: 0 };
const RUN: Table = Table { section: Section::Run, index: 0 };
const STOP: Table = Table { section: Section::Stop, index: 0 };
const DROP: Table = Table { section: Section::Drop, index: 0 };

/// The job out of its checked values. An arm is the same with the arm's settings in their place.
fn build(values: &Values) -> Job {
    let single = |section| move |name: &'static str| values.of(Table::single(section), name);
    let arms = values.listed(Section::Arm).enumerate();
    Job {
        schema: required(values, JOB, "schema"),
        name: required(values, JOB, "name"),
        seed: required(values, JOB, "seed"),
        run: build_run(values),
        rank: Rank::build(single(Section::Rank)),
        generate: values
            .has(Table::single(Section::Generate))
            .then(|| Generate::build(single(Section::Generate))),
        allocate: values
            .has(Table::single(Section::Allocate))
            .then(|| Allocate::build(single(Section::Allocate))),
        slab: Slab::build(single(Section::Slab)),
        arms: arms
            .map(|(arm, table)| Arm {
                name: required(values, table, "name"),
                job: build(&values.with_arm(arm)),
            })
            .collect(),
        gates: values.listed(Section::Gate).map(|gate| build_gate(values, gate)).collect(),
        effective: effective(values),
    }
}

/// The value of a key that always has one.
fn required<T: Field>(values: &Values, table: Table, name: &str) -> T {
    values.one(table, name).expect("`resolve` refuses a job without a required key, and fills in defaults")
}

fn build_run(values: &Values) -> Run {
    let share = |name: &str| values.one(DROP, name).map(|Share(share)| share);
    Run {
        warmup: required(values, RUN, "warmup"),
        amount: match values.one(RUN, "bytes") {
            Some(bytes) => Amount::Bytes(bytes),
            None => Amount::Duration(required(values, RUN, "duration")),
        },
        repetitions: match values.has(STOP) {
            true => Repetitions::Until(Stop {
                half_width: required::<Share>(values, STOP, "half_width").0,
                at_most: required(values, STOP, "at_most"),
                time_ns: values.one(STOP, "time").map(|Nanoseconds(ns)| ns),
            }),
            false => Repetitions::Count(required(values, RUN, "repetitions")),
        },
        order: required(values, RUN, "order"),
        interval: required(values, RUN, "interval"),
        limit: required(values, RUN, "limit"),
        aa: required(values, RUN, "aa"),
        drop: DropRule {
            cpu_share: share("cpu_share"),
            core_clock: share("core_clock"),
            steal: share("steal"),
            run_delay: share("run_delay"),
        },
    }
}

fn build_gate(values: &Values, gate: Table) -> Gate {
    Gate {
        metric: required(values, gate, "metric"),
        bound: match values.one(gate, "at_least") {
            Some(bound) => Bound::AtLeast(bound),
            None => Bound::AtMost(required(values, gate, "at_most")),
        },
        level: required(values, gate, "level"),
        against: values.one(gate, "against"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Allocator, Workers};
    use super::*;

    const EVERY_SECTION: &str = "schema = 1\nname = \"x\"\n[generate]\n[allocate]\n[[gate]]\n\
        metric = \"locality\"\nat_least = 0.99\n[[gate]]\nmetric = \"refill_share\"\nat_most = 1e-3\nagainst = \"results/base\"\n";

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
            assert_eq!(Job::parse(effective, "effective", &[]).expect("it is a job"), job);
            let written = |key: &&Key| {
                let bare = matches!(key.section, Section::Stop | Section::Drop | Section::Arm);
                !bare && !matches!(key.kind, Kind::Table(_)) && key.name != "bytes"
            };
            for key in super::super::keys::all().filter(written) {
                assert!(effective.contains(&format!("{} = ", key.name)), "{}\n{effective}", key.path());
            }
        }
    }

    const COMPARISON: &str = "schema = 1\nname = \"x\"\n[run]\nstop = { half_width = \"2.5%\", time = \"10m\" }\naa = true\n\
        drop = { cpu_share = 0.97, core_clock = \"2%\", steal = \"1%\", run_delay = 0.005 }\n[generate]\n[allocate]\n\
        [[arm]]\nname = \"one\"\nrank.workers = 2\ngenerate.chunk = \"8MiB\"\ngenerate.block = \"1MiB\"\n\
        generate.kernel = \"scalar\"\ngenerate.stores = \"ordinary\"\ngenerate.in_flight = 3\n\
        generate.dedup = \"10/3\"\ngenerate.unit = \"128KiB\"\ngenerate.scope = \"host\"\ngenerate.distance = \"1MiB\"\n\
        generate.compress = 2.5\ngenerate.granule = \"8KiB\"\ngenerate.codec = \"lz4\"\ngenerate.streams = 16\n\
        generate.consumer = \"copy\"\ngenerate.handover = \"piece\"\ngenerate.schedule = \"stealing\"\n\
        generate.memory = \"fresh\"\ngenerate.pool = \"per-chunk\"\nallocate.slots = 4096\n\
        allocate.sizes = \"16B..1KiB\"\nallocate.arrivals = 1000\nslab.batch = 128\n\
        [[arm]]\nname = \"other\"\n[arm.allocate]\nallocator = \"system\"\n";

    #[test]
    fn a_comparison_is_written_out_and_read_back() {
        let job = job(COMPARISON, &[]);
        let effective = job.effective();
        assert_eq!(Job::parse(effective, "effective", &[]).expect("it is a job"), job, "{effective}");
        let stop = Stop { half_width: 0.025, at_most: 40, time_ns: Some(600_000_000_000) };
        assert_eq!(job.run.repetitions, Repetitions::Until(stop));
        assert!(!effective.contains("repetitions ="), "{effective}");
        let bounds =
            [job.run.drop.cpu_share, job.run.drop.core_clock, job.run.drop.steal, job.run.drop.run_delay];
        assert_eq!(bounds, [0.97, 0.02, 0.01, 0.005].map(Some));
        let names: Vec<&str> = job.arms.iter().map(|arm| arm.name.as_str()).collect();
        assert_eq!(names, ["one", "other"]);
    }

    /// The keys are as many as can be swept, but the workload, and the key that larson does not use.
    #[test]
    fn an_arm_is_the_job_with_its_keys_set_and_without_arms() {
        let job = job(COMPARISON, &[]);
        let (start, _) = COMPARISON.split_once("[generate]").expect("it generates");
        let one = "[rank]\nworkers = 2\n[generate]\nchunk = \"8MiB\"\nblock = \"1MiB\"\n\
            kernel = \"scalar\"\nstores = \"ordinary\"\nin_flight = 3\ndedup = \"10/3\"\nunit = \"128KiB\"\nscope = \"host\"\n\
            distance = \"1MiB\"\ncompress = 2.5\ngranule = \"8KiB\"\ncodec = \"lz4\"\nstreams = 16\nconsumer = \"copy\"\n\
            handover = \"piece\"\nschedule = \"stealing\"\nmemory = \"fresh\"\npool = \"per-chunk\"\n[allocate]\n\
            slots = 4096\nsizes = \"16B..1KiB\"\narrivals = 1000\n[slab]\nbatch = 128\n";
        let other = "[generate]\n[allocate]\nallocator = \"system\"\n";
        for (arm, written) in job.arms.iter().zip([one, other]) {
            assert_eq!(arm.job, self::job(&format!("{start}{written}"), &[]));
        }
    }

    #[test]
    fn a_number_of_repetitions_and_a_rule_take_each_others_place() {
        let fixed = "schema = 1\nname = \"x\"\n[run]\nrepetitions = 7\n[generate]\n";
        let rule = "schema = 1\nname = \"x\"\n[run.stop]\nhalf_width = \"2%\"\ntime = \"1m\"\n[generate]\n";
        let repetitions = |text: &str, settings: &[&str]| job(text, settings).run.repetitions;
        let stop = |half_width, at_most| Repetitions::Until(Stop { half_width, at_most, time_ns: None });
        assert_eq!(repetitions(fixed, &["run.stop.half_width=3%"]), stop(0.03, 40));
        let both = ["run.stop.at_most=12", "run.stop.half_width=0.01"];
        assert_eq!(repetitions(fixed, &both), stop(0.01, 12));
        assert_eq!(repetitions(rule, &["run.repetitions=3"]), Repetitions::Count(3));
        let changed = Stop { half_width: 0.02, at_most: 9, time_ns: Some(60_000_000_000) };
        assert_eq!(repetitions(rule, &["run.stop.at_most=9"]), Repetitions::Until(changed));
        assert_eq!(repetitions(fixed, &[]), Repetitions::Count(7));
        assert_eq!(job("schema = 1\nname = \"x\"\n[generate]\n", &[]).run.repetitions, Repetitions::Count(5));
    }

    #[test]
    fn a_setting_reaches_into_an_arm() {
        let settings =
            ["arm.0.slab.batch=256", "arm.1.name=libc", "arm.1.rank.workers=all", "rank.workers=3"];
        let job = job(COMPARISON, &settings);
        assert_eq!(job.arms[0].job.slab.batch, [256]);
        assert_eq!(job.arms[1].name, "libc");
        assert_eq!(job.arms[1].job.rank.workers, [Workers::All]);
    }

    #[test]
    fn a_setting_replaces_the_file_and_its_rival() {
        let text = "schema = 1\nname = \"x\"\n[run]\nduration = \"1s\"\n[generate]\nchunk = \"8MiB\"\n";
        assert_eq!(job(text, &["run.duration=3s"]).run.amount, Amount::Duration(Nanoseconds(3_000_000_000)));
        assert_eq!(job(text, &["run.bytes=1GiB"]).run.amount, Amount::Bytes(Bytes(1 << 30)));
        assert_eq!(job(text, &["seed=1", "seed=2"]).seed, 2);
        // An arm has a name, too.
        assert_eq!(job(text, &["name=other"]).name, "other");
        assert_eq!(job(COMPARISON, &["name=other"]).name, "other");
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
