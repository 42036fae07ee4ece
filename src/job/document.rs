//! TOML into entries: the only file that knows the `toml` crate.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::diagnostic::{Diagnostic, Place};
use super::entry::{Document, Entry, Found, Header, Raw, Table};
use super::keys::{Key, Section};
use super::nearest::nearest;
use super::syntax;

/// The index of the job file among the sources.
const JOB_FILE: usize = 0;

type TomlKey<'a> = Spanned<std::borrow::Cow<'a, str>>;

/// Takes a job file apart.
///
/// # Errors
/// Syntax errors and duplicate keys; sections that do not exist or stand in the wrong form.
pub(super) fn read(text: &str) -> Result<Document, Vec<Diagnostic>> {
    let (root, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let at = |span: Option<Range<usize>>| place(span.unwrap_or(text.len()..text.len()));
        return Err(errors.iter().map(|e| syntax::explain(at(e.span()), e.message())).collect());
    }
    let mut reader = Reader { document: Document::default(), wrong: Vec::new() };
    for (key, value) in root.get_ref() {
        reader.top_level(key, value);
    }
    match reader.wrong.is_empty() {
        true => Ok(reader.document),
        false => Err(reader.wrong),
    }
}

fn place(span: Range<usize>) -> Place {
    Place { source: JOB_FILE, start: span.start, end: span.end }
}

struct Reader {
    document: Document,
    wrong: Vec<Diagnostic>,
}

impl Reader {
    fn top_level(&mut self, key: &TomlKey<'_>, value: &Spanned<DeValue<'_>>) {
        let name = key.get_ref().as_ref();
        let known = Section::ALL.into_iter().skip(1).find(|section| section.name() == name);
        match (known, value.get_ref()) {
            (Some(Section::Gate), DeValue::Array(gates)) => self.gates(key, gates),
            (Some(Section::Gate), _) => self.wrong_form(key, "gates are a list", "write [[gate]]"),
            (Some(section), DeValue::Table(table)) => self.table(Table::single(section), key, table),
            (Some(section), DeValue::Array(_)) => {
                let message = format!("{} stands once", section.shown());
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

    fn gates(&mut self, key: &TomlKey<'_>, gates: &[Spanned<DeValue<'_>>]) {
        for (index, gate) in gates.iter().enumerate() {
            match gate.get_ref() {
                DeValue::Table(table) => {
                    let header = place(gate.span());
                    self.fields(Table { section: Section::Gate, index }, header, table);
                }
                _ => self.wrong_form(key, "a gate is a section with keys", "write [[gate]]"),
            }
        }
    }

    fn table(&mut self, table: Table, key: &TomlKey<'_>, fields: &DeTable<'_>) {
        self.fields(table, place(key.span()), fields);
    }

    fn fields(&mut self, table: Table, header: Place, fields: &DeTable<'_>) {
        self.document.headers.push(Header { table, place: header });
        for (key, value) in fields {
            self.entry(table, key, value);
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
        let names = || Section::ALL.into_iter().skip(1).map(Section::name);
        let label = match nearest(name, names()) {
            Some(section) => format!("did you mean \"{section}\"?"),
            None => String::new(),
        };
        let shown: Vec<String> = Section::ALL.into_iter().skip(1).map(Section::shown).collect();
        self.wrong.push(
            Diagnostic::new(place(key.span()), format!("unknown section [{name}]"), label)
                .accepted(shown.join(", ")),
        );
    }
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
            Raw::Integer(i128::from_str_radix(digits.as_str(), digits.radix()).unwrap_or(extreme))
        }
        DeValue::Float(digits) => Raw::Float(digits.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(switch) => Raw::Switch(*switch),
        DeValue::Datetime(_) => Raw::Date,
        DeValue::Array(items) => Raw::List(items.iter().map(found).collect()),
        DeValue::Table(_) => Raw::Table,
    }
}
