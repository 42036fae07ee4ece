//! Entries against the table of keys: every key of the job with its checked value, or everything that is wrong.

use std::collections::BTreeMap;

use super::accepted::accepted;
use super::check_all::check_all;
use super::diagnostic::{Diagnostic, Place, quoted};
use super::document::JOB_FILE;
use super::entry::{Document, Entry, Table, TableHeader};
use super::key::{Absent, Key, Section};
use super::keys;
use super::nearest::nearest;
use super::settable::{refused, settable, settable_shown};
use super::unquoted::read_value;
use super::value::{Field, Value};

/// The checked values of one key, each with its place.
type Checked = Vec<(Value, Place)>;

/// Every key that has a value, defaults included.
#[derive(Clone, Debug)]
pub(super) struct Values {
    by_key: BTreeMap<(Table, &'static str), Checked>,
    headers: Vec<TableHeader>,
}

/// Checks every entry against its key and adds the defaults.
///
/// # Errors
/// Everything that is wrong, each with its place: what was `wrong` before, and what is wrong here.
pub(super) fn resolve(document: Document, mut wrong: Vec<Diagnostic>) -> Result<Values, Vec<Diagnostic>> {
    let mut values = Values { by_key: BTreeMap::new(), headers: document.headers };
    let mut attempted: BTreeMap<(Table, &'static str), Place> = BTreeMap::new();
    // A section in a section is a key of the outer one, too: it can have a rival.
    for header in &values.headers {
        if let Some(holder) = header.table.section.holder() {
            attempted.insert((Table::single(holder.section), holder.name), header.place);
        }
    }
    for entry in &document.entries {
        if let Some(refusal) = refused(entry) {
            wrong.push(refusal);
            continue;
        }
        let Some(key) = Key::find(entry.table.section, &entry.key) else {
            wrong.push(unknown_key(entry));
            continue;
        };
        attempted.insert((entry.table, key.name), entry.key_place);
        match check_all(key, &entry.value) {
            Ok(checked) => drop(values.by_key.insert((entry.table, key.name), checked)),
            Err(diagnostics) => wrong.extend(diagnostics),
        }
    }
    wrong.extend(rivals(&attempted));
    wrong.extend(gates_without_bound(&values, &attempted));
    for table in values.tables() {
        for key in table.section.keys().filter(|key| !attempted.contains_key(&(table, key.name))) {
            let rival_given = key.rival.is_some_and(|rival| attempted.contains_key(&(table, rival)));
            match key.absent {
                // A misspelt key is reported as such already.
                Absent::Refused if document.entries.iter().any(|entry| misspells(entry, table, key)) => {}
                Absent::Refused => wrong.push(missing_key(key, values.header(table))),
                Absent::Default(text) if !rival_given => values.insert_default(table, key, text),
                Absent::Default(_) | Absent::Nothing => {}
            }
        }
    }
    if wrong.is_empty() { Ok(values) } else { Err(wrong) }
}

/// Refuses two keys of which only one can be given.
fn rivals(attempted: &BTreeMap<(Table, &'static str), Place>) -> Vec<Diagnostic> {
    let both = |((table, name), place): (&(Table, &'static str), &Place)| {
        let rival = Key::find(table.section, name)?.rival.filter(|rival| *name < *rival)?;
        let other = attempted.get(&(*table, rival))?;
        let (first, second) = (*place.min(other), *place.max(other));
        let message = format!("\"{name}\" and \"{rival}\" cannot be given together");
        Some(Diagnostic::new(second, message, "remove one of them").related(first, "the other"))
    };
    attempted.iter().filter_map(both).collect()
}

/// Gates with neither bound.
fn gates_without_bound(
    values: &Values,
    attempted: &BTreeMap<(Table, &'static str), Place>,
) -> Vec<Diagnostic> {
    let bounded = |gate| ["at_least", "at_most"].iter().any(|bound| attempted.contains_key(&(gate, *bound)));
    let unbounded = values.listed(Section::Gate).filter(|gate| !bounded(*gate));
    unbounded
        .map(|gate| {
            Diagnostic::new(values.header(gate), "a gate without a bound", "")
                .accepted("at_least = NUMBER or at_most = NUMBER")
        })
        .collect()
}

impl Values {
    /// Sections whose keys have defaults even in a file without the section, and the sections of the file.
    fn tables(&self) -> Vec<Table> {
        let always = [Section::Job, Section::Run, Section::Rank, Section::Slab].map(Table::single);
        let mut tables: Vec<Table> = self.headers.iter().map(|header| header.table).chain(always).collect();
        tables.sort_unstable();
        tables.dedup();
        tables
    }

    /// True when the table is written in the file or by a setting.
    pub fn has(&self, table: Table) -> bool {
        self.headers.iter().any(|header| header.table == table)
    }

    /// The gates, or the arms, that were written.
    pub fn listed(&self, section: Section) -> impl Iterator<Item = Table> + use<> {
        let count = self.headers.iter().filter(|header| header.table.section == section).count();
        (0..count).map(move |index| Table { section, index })
    }

    /// The beginning of a table; that of the file for keys above the first section.
    pub fn header(&self, table: Table) -> Place {
        self.headers.iter().find(|header| header.table == table).map_or(Place::NOWHERE, |header| header.place)
    }

    fn insert_default(&mut self, table: Table, key: &'static Key, text: &str) {
        let found = read_value(text, Place::NOWHERE);
        let checked = check_all(key, &found).expect("a default is accepted by its own key, as a test shows");
        let nowhere = checked.into_iter().map(|(value, _)| (value, Place::NOWHERE)).collect();
        self.by_key.insert((table, key.name), nowhere);
    }

    /// All values of a key with their places; empty when it has none.
    pub fn of(&self, table: Table, name: &str) -> &[(Value, Place)] {
        let key = Key::find(table.section, name).expect("only keys of the table are asked for");
        self.by_key.get(&(table, key.name)).map_or(&[], Vec::as_slice)
    }

    /// The value of a key that takes one.
    pub fn one<T: Field>(&self, table: Table, name: &str) -> Option<T> {
        self.of(table, name).first().map(|(value, _)| T::read(value))
    }

    /// The settings of one arm, in the order of the keys.
    pub fn set_by(&self, arm: usize) -> impl Iterator<Item = (&'static Key, &Value, Place)> {
        settable().filter_map(move |key| {
            let (value, place) = self.of(Table::of_arm(key.section, arm), key.name).first()?;
            Some((key, value, *place))
        })
    }

    /// The values of the job as this arm has it: its settings in the place of the job's own values, and no arms.
    pub fn with_arm(&self, arm: usize) -> Values {
        let of_arms = |table: Table| table.arm().is_some() || table.section == Section::Arm;
        let mut by_key = self.by_key.clone();
        by_key.retain(|(table, _), _| !of_arms(*table));
        for (key, value, place) in self.set_by(arm) {
            by_key.insert((Table::single(key.section), key.name), vec![(value.clone(), place)]);
        }
        let headers = self.headers.iter().filter(|header| !of_arms(header.table)).copied().collect();
        Values { by_key, headers }
    }
}

fn unknown_key(entry: &Entry) -> Diagnostic {
    let section = entry.table.section;
    let names: Vec<&str> = section.keys().map(|key| key.name).collect();
    let message = match section {
        Section::Job => format!("unknown key {}", quoted(&entry.key)),
        _ => format!("unknown key {} in {}", quoted(&entry.key), section.shown()),
    };
    let note = match section {
        Section::Job => format!("{}, and {}", names.join(", "), Section::all_shown()),
        Section::Arm => format!("{}, {}", names.join(", "), settable_shown()),
        _ => names.join(", "),
    };
    Diagnostic::new(entry.key_place, message, suggestion(section, &entry.key)).accepted(note)
}

/// The key that was meant: misspelt, in another section, or known to other programs by this name.
fn suggestion(section: Section, found: &str) -> String {
    let elsewhere = |key: &&Key| key.elsewhere.contains(&found);
    if matches!(section, Section::Job | Section::Arm)
        && Section::named().any(|section| section.name() == found)
    {
        return format!("\"{found}\" is a section: set one of its keys");
    }
    let known = |key: &&Key| key.name == found || elsewhere(key);
    if let Some(key) = section.keys().find(elsewhere) {
        return format!("did you mean \"{}\"?", key.name);
    }
    let sections = Section::named().filter(|_| section == Section::Arm).map(Section::name);
    // A word that is right elsewhere is no typing mistake.
    let mistyped = !keys::all().any(|key| known(&key));
    let near = nearest(found, section.keys().map(|key| key.name).chain(sections));
    if let Some(name) = near.filter(|_| mistyped) {
        return format!("did you mean \"{name}\"?");
    }
    match keys::all().find(|key| key.name == found).or_else(|| keys::all().find(elsewhere)) {
        Some(key) if key.name == found && section == Section::Arm && key.sweep => {
            format!("write {}", key.path())
        }
        Some(key) if key.name == found => format!("\"{found}\" belongs to {}", key.section.shown()),
        Some(key) => format!("did you mean \"{}\" in {}?", key.name, key.section.shown()),
        None => String::new(),
    }
}

fn misspells(entry: &Entry, table: Table, key: &Key) -> bool {
    let unknown = Key::find(table.section, &entry.key).is_none();
    entry.table == table && unknown && nearest(&entry.key, [key.name]).is_some()
}

fn missing_key(key: &Key, header: Place) -> Diagnostic {
    let (message, label) = match key.section {
        Section::Job => (format!("missing key \"{}\"", key.name), "add it above the first section"),
        section if header.source != JOB_FILE => {
            (format!("missing key \"{}\" in {}", key.name, section.shown()), "needs a setting of its own")
        }
        section => (format!("missing key \"{}\" in {}", key.name, section.shown()), "add it below"),
    };
    Diagnostic::new(header, message, label).accepted(format!("{} = {}", key.name, accepted(&key.kind)))
}
