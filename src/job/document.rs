//! TOML into entries: the only file that knows the `toml` crate.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::diagnostic::{Diagnostic, Place};
use super::entry::{Document, Entry, Found, Raw, Table, TableHeader};
use super::key::{Key, Kind, Section};
use super::keys::{ARMS_MAX, GATES_MAX};
use super::nearest::did_you_mean;
use super::syntax::{self, SyntaxError};

/// The index of the job file among the sources.
pub(super) const JOB_FILE: usize = 0;

type TomlKey<'a> = Spanned<std::borrow::Cow<'a, str>>;

/// Takes a job file apart. Sections that do not exist, or stand in the wrong form, go to `wrong`.
///
/// # Errors
/// Syntax errors and duplicate keys: nothing else in the file can be trusted then.
pub(super) fn read(text: &str, wrong: &mut Vec<Diagnostic>) -> Result<Document, Vec<Diagnostic>> {
    let (root, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let refusals: Vec<SyntaxError> = errors
            .iter()
            .map(|error| SyntaxError {
                place: place(whole_characters(text, error.span())),
                message: error.message().to_owned(),
            })
            .collect();
        return Err(syntax::explain(text, refusals, |again| first_of(text, root.get_ref(), again)));
    }
    let mut reader = Reader { document: Document::default(), wrong };
    for (key, value) in root.get_ref() {
        reader.top_level(key, value);
    }
    Ok(reader.document)
}

/// The first place of the key that stands again at `again`: in the root, or in the table with the nearest header above.
fn first_of(text: &str, root: &DeTable<'_>, again: Place) -> Option<Place> {
    let name = text.get(again.start..again.end)?;
    let before = &text[..again.start];
    if before.ends_with('[') {
        // The parser keeps the second header of a section, not the first.
        let start = before.find(&format!("[{name}]"))? + 1;
        return Some(Place { start, end: start + name.len(), ..again });
    }
    let key_in = |table: &DeTable<'_>| table.get_key_value(name).map(|(key, _)| place(key.span()));
    let header = before.lines().rev().find(|line| line.trim_start().starts_with('['));
    let first = match header.and_then(|line| line.trim_start().strip_prefix('[')?.split(']').next()) {
        None => key_in(root),
        Some(section) => match root.get(section)?.get_ref() {
            DeValue::Table(table) => key_in(table),
            _ => None,
        },
    };
    first.filter(|first| first.start < again.start)
}

/// The span of an error, which may be missing, or cut through a character.
fn whole_characters(text: &str, span: Option<Range<usize>>) -> Range<usize> {
    let boundary =
        |from: usize| (0..=from.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let span = span.unwrap_or(text.len()..text.len());
    let start = boundary(span.start);
    start..boundary(span.end).max(start)
}

fn place(span: Range<usize>) -> Place {
    Place { source: JOB_FILE, start: span.start, end: span.end }
}

struct Reader<'a> {
    document: Document,
    wrong: &'a mut Vec<Diagnostic>,
}

impl Reader<'_> {
    fn top_level(&mut self, key: &TomlKey<'_>, value: &Spanned<DeValue<'_>>) {
        let name = key.get_ref().as_ref();
        let known = Section::named().find(|section| section.name() == name);
        match (known, value.get_ref()) {
            (Some(section), DeValue::Array(items)) if section.is_list() => self.items(section, key, items),
            (Some(section), _) if section.is_list() => {
                self.wrong_form(key, &format!("{name}s are a list"), &format!("write {}", section.shown()));
            }
            (Some(section), DeValue::Table(table)) => {
                self.fields(Table::single(section), place(key.span()), table);
            }
            (Some(section), DeValue::Array(_)) => {
                let message = format!("{} can stand only once", section.shown());
                self.wrong_form(key, &message, &format!("write {}", section.shown()));
            }
            (Some(section), value) => {
                let message = format!("{name} is a section, found {}", found_raw(value).shown());
                self.wrong_form(key, &message, &format!("write {} on a line of its own", section.shown()));
            }
            (None, DeValue::Table(_)) if Key::find(Section::Job, name).is_none() => {
                self.unknown_section(key, name);
            }
            (None, _) => self.entry(Table::single(Section::Job), key, value),
        }
    }

    /// Gates, or arms.
    fn items(&mut self, section: Section, key: &TomlKey<'_>, items: &[Spanned<DeValue<'_>>]) {
        let most = if section == Section::Gate { GATES_MAX } else { ARMS_MAX };
        let name = section.name();
        if items.len() > most {
            self.wrong_form(key, &format!("{} {name}s", items.len()), &format!("at most {most}"));
        }
        for (index, item) in items.iter().enumerate().take(most) {
            let (header, table) = (place(item.span()), Table { section, index });
            match item.get_ref() {
                DeValue::Table(fields) if section == Section::Arm => self.arm(index, header, fields),
                DeValue::Table(fields) => self.fields(table, header, fields),
                _ => {
                    let message = format!("{} {name} is a section with keys", article(name));
                    self.wrong_form(key, &message, &format!("write {}", section.shown()));
                }
            }
        }
    }

    /// `slab.batch = 128` in an arm is a section of the arm's own, for TOML.
    fn arm(&mut self, index: usize, header: Place, fields: &DeTable<'_>) {
        let table = Table { section: Section::Arm, index };
        self.document.headers.push(TableHeader { table, place: header });
        for (key, value) in fields {
            let section = Section::named().find(|section| section.name() == key.get_ref().as_ref());
            match (section, value.get_ref()) {
                (Some(section), DeValue::Table(fields)) => {
                    for (key, value) in fields {
                        self.entry(Table::of_arm(section, index), key, value);
                    }
                }
                _ => self.entry(table, key, value),
            }
        }
    }

    fn fields(&mut self, table: Table, header: Place, fields: &DeTable<'_>) {
        self.document.headers.push(TableHeader { table, place: header });
        for (key, value) in fields {
            let known = Key::find(table.section, key.get_ref().as_ref()).map(|known| known.kind);
            match (known, value.get_ref()) {
                (Some(Kind::Table(section)), DeValue::Table(fields)) => {
                    self.fields(Table::single(section), place(key.span()), fields);
                }
                _ => self.entry(table, key, value),
            }
        }
    }

    fn entry(&mut self, table: Table, key: &TomlKey<'_>, value: &Spanned<DeValue<'_>>) {
        self.document.entries.push(Entry {
            table,
            key: key.get_ref().to_string(),
            key_place: place(key.span()),
            value: found(value),
        });
    }

    fn wrong_form(&mut self, key: &TomlKey<'_>, message: &str, label: &str) {
        self.wrong.push(Diagnostic::new(place(key.span()), message, label));
    }

    fn unknown_section(&mut self, key: &TomlKey<'_>, name: &str) {
        let inner =
            Section::ALL.into_iter().find(|section| section.holder().is_some_and(|key| key.name == name));
        let label = match inner {
            Some(section) => format!("write {}", section.shown()),
            None => did_you_mean(name, Section::named().map(Section::name)),
        };
        self.wrong.push(
            Diagnostic::new(place(key.span()), format!("unknown section [{name}]"), label)
                .accepted(Section::all_shown()),
        );
    }
}

fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}

fn found(value: &Spanned<DeValue<'_>>) -> Found {
    Found { place: place(value.span()), raw: found_raw(value.get_ref()) }
}

/// Numbers that fit no key are kept as the largest of their sign: what is reported is their range.
fn found_raw(value: &DeValue<'_>) -> Raw {
    match value {
        DeValue::String(text) => Raw::Text(text.to_string()),
        DeValue::Integer(digits) => {
            let extreme = if digits.as_str().starts_with('-') { i128::MIN } else { i128::MAX };
            let number = i128::from_str_radix(digits.as_str(), digits.radix()).unwrap_or(extreme);
            Raw::Integer(number, digits.to_string())
        }
        DeValue::Float(digits) => Raw::Float(digits.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(switch) => Raw::Switch(*switch),
        DeValue::Datetime(_) => Raw::Date,
        DeValue::Array(items) => Raw::List(items.iter().map(found).collect()),
        DeValue::Table(_) => Raw::Table,
    }
}
