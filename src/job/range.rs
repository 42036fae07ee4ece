//! Ranges: `"1..64*2"` is 1, 2, 4, 8, 16, 32, 64; `"8MiB..32MiB+8MiB"` is 8, 16, 24 and 32 MiB.
//!
//! A range stands where a value of a sweep stands: alone, or as an item of a list. It ends at the last value that its
//! steps reach; `"1..24*2"` ends with 16.

use super::accepted::{accepted, unit_meant};
use super::check::check;
use super::diagnostic::{Diagnostic, Place};
use super::entry::{Found, Raw};
use super::key::{Key, Kind};
use super::keys::SWEEP_VALUES_MAX;
use super::unquoted::read_scalar;
use super::value::Value;
use crate::units::{Bytes, Nanoseconds};

/// The mark of a range; no value of a key that counts something contains it.
const DOTS: &str = "..";

/// The text of a range, if that is what was found: words and names may contain dots of their own.
pub(super) fn text_of<'a>(key: &Key, found: &'a Found) -> Option<&'a str> {
    let countable = key.kind.is_size()
        || matches!(key.kind, Kind::Duration { .. } | Kind::Count { .. } | Kind::CountOr { .. });
    match &found.raw {
        Raw::Text(text) if countable && text.contains(DOTS) => Some(text),
        _ => None,
    }
}

/// A range as an example, of values that the key accepts; `None` for keys that count nothing.
pub(super) fn example(kind: &Kind) -> Option<String> {
    match *kind {
        Kind::Size { .. } | Kind::SizeOr { .. } => Some("8MiB..512MiB*2".to_owned()),
        Kind::PowerOfTwo { min, max } => {
            Some(format!("{}..{}*2", Bytes(min), Bytes(min.saturating_mul(16).min(max))))
        }
        Kind::Duration { .. } => Some("1s..8s*2".to_owned()),
        Kind::Count { min, max } | Kind::CountOr { min, max, .. } => {
            let first = min.max(1);
            Some(format!("{first}..{}*2", first.saturating_mul(64).min(max)))
        }
        _ => None,
    }
}

/// Every value of a range, each accepted by its key.
///
/// # Errors
/// With the place of the part that is wrong.
pub(super) fn values(key: &Key, found: &Found, text: &str) -> Result<Vec<Value>, Diagnostic> {
    let parts = Parts::of(key, found, text)?;
    let (first, last) = (parts.end(key, found, parts.first)?, parts.end(key, found, parts.last)?);
    if first > last {
        let (low, high) = (parts.last.text.trim(), parts.first.text.trim());
        let label = format!("write \"{low}..{high}{}{}\"", parts.sign, parts.step.text.trim());
        let message = format!("{}: a range goes up, found one from {high} down to {low}", key.path());
        return Err(Diagnostic::new(found.place, message, label));
    }
    let step = parts.step(key, found, first)?;
    let count = step.count(first, last);
    if count > SWEEP_VALUES_MAX as u64 {
        let message = format!("{}: a range of {count} values", key.path());
        let note = format!("at most {SWEEP_VALUES_MAX}");
        return Err(Diagnostic::new(found.place, message, "take longer steps").accepted(note));
    }
    let numbers = std::iter::successors(Some(first), |number| step.after(*number));
    let values = numbers.take_while(|number| *number <= last).map(|number| {
        // Between two values that are accepted, one may still be no multiple.
        check(key, &Found { place: found.place, raw: raw(&key.kind, number) })
    });
    values.collect()
}

/// A piece of a range and where in its text it begins.
#[derive(Clone, Copy)]
struct Piece<'a> {
    text: &'a str,
    start: usize,
}

impl Piece<'_> {
    /// The place of the piece; of the whole value when its text has escapes, because columns are then unknown.
    fn place(&self, found: &Found, text: &str) -> Place {
        let whole = found.place;
        let quotes = (whole.end - whole.start).checked_sub(text.len());
        let Some(before @ (0 | 1)) = quotes.map(|quotes| quotes / 2) else { return whole };
        let trimmed = self.text.trim();
        let start = whole.start + before + self.start + (self.text.len() - self.text.trim_start().len());
        match trimmed.is_empty() {
            true => whole,
            false => Place { start, end: start + trimmed.len(), ..whole },
        }
    }
}

/// `FIRST..LAST*FACTOR` or `FIRST..LAST+STEP`.
struct Parts<'a> {
    text: &'a str,
    first: Piece<'a>,
    last: Piece<'a>,
    sign: char,
    step: Piece<'a>,
}

impl<'a> Parts<'a> {
    fn of(key: &Key, found: &Found, text: &'a str) -> Result<Parts<'a>, Diagnostic> {
        let (first, rest) = text.split_once(DOTS).expect("a range has its dots");
        let rest_start = first.len() + DOTS.len();
        let no_step = |label: String| {
            let message = format!("{}: a range needs its step", key.path());
            Diagnostic::new(found.place, message, label).accepted(form(key))
        };
        let meant = rest.trim_start_matches(['=', '.']).trim();
        let Some(at) = rest.find(['*', '+']) else {
            let label = match meant {
                "" => String::new(),
                last => format!("write \"{}..{last}*2\"", first.trim()),
            };
            return Err(no_step(label));
        };
        if rest.starts_with('=') {
            let message = format!("{}: a range includes its end by itself", key.path());
            let label = format!("write \"{}..{meant}\"", first.trim());
            return Err(Diagnostic::new(found.place, message, label));
        }
        let (last, step) = (&rest[..at], &rest[at + 1..]);
        if step.trim().is_empty() {
            let sign = &rest[at..=at];
            return Err(no_step(format!("a number after the {sign}")));
        }
        Ok(Parts {
            text,
            first: Piece { text: first, start: 0 },
            last: Piece { text: last, start: rest_start },
            sign: if rest[at..].starts_with('*') { '*' } else { '+' },
            step: Piece { text: step, start: rest_start + at + 1 },
        })
    }

    /// The number that one end stands for: what the key accepts, and no word.
    fn end(&self, key: &Key, found: &Found, piece: Piece<'_>) -> Result<u64, Diagnostic> {
        let place = piece.place(found, self.text);
        let text = piece.text.trim();
        if text.is_empty() {
            let message = format!("{}: a range needs both its ends", key.path());
            return Err(Diagnostic::new(place, message, "").accepted(form(key)));
        }
        match check(key, &Found { place, raw: read_scalar(text) })? {
            Value::Size(bytes) => Ok(bytes.0),
            Value::Duration(duration) => Ok(duration.0),
            Value::Count(count) => Ok(count),
            _ => {
                let message = format!("{}: a range runs between numbers, found \"{text}\"", key.path());
                let example = example(&key.kind).expect("it has ranges");
                let label = format!("write [\"{example}\", \"{text}\"]");
                Err(Diagnostic::new(place, message, label))
            }
        }
    }

    fn step(&self, key: &Key, found: &Found, first: u64) -> Result<Step, Diagnostic> {
        let place = self.step.place(found, self.text);
        let text = self.step.text.trim();
        let wrong = |message: &str, expected: &str| {
            Diagnostic::new(place, format!("{}: {message}", key.path()), "").accepted(expected)
        };
        if self.sign == '*' {
            return match text.parse::<u64>() {
                Ok(0 | 1) => Err(wrong("the range never reaches its end", "a whole factor from 2")),
                Ok(_) if first == 0 => {
                    Err(wrong("0 times a factor stays 0", "a step that is added, or another beginning"))
                }
                Ok(factor) => Ok(Step::Factor(factor)),
                Err(_) => Err(wrong("a factor is a whole number", "a whole factor from 2")),
            };
        }
        let (step, what, example) = match key.kind {
            kind if kind.is_size() => (Bytes::parse(text).ok().map(|bytes| bytes.0), "a size", "8MiB"),
            Kind::Duration { .. } => (Nanoseconds::parse(text).ok().map(|time| time.0), "a duration", "2s"),
            _ => (text.parse().ok(), "a whole number", "2"),
        };
        let expected = format!("{what}, such as +{example}");
        match step {
            Some(0) => Err(wrong("the range never reaches its end", &expected)),
            Some(step) => Ok(Step::Addend(step)),
            None => {
                let label =
                    unit_meant(&key.kind, text).map_or(String::new(), |meant| format!("write {meant}"));
                let message = format!("{}: the step is not {what}", key.path());
                Err(Diagnostic::new(place, message, label).accepted(expected))
            }
        }
    }
}

/// The form of a range, for the note of an error.
fn form(key: &Key) -> String {
    let example = example(&key.kind).expect("only keys that count something have ranges");
    format!("FIRST..LAST*FACTOR or FIRST..LAST+STEP, such as \"{example}\"")
}

/// The step from one value to the next.
#[derive(Clone, Copy)]
enum Step {
    /// 2 or more.
    Factor(u64),
    /// 1 or more.
    Addend(u64),
}

impl Step {
    fn after(self, number: u64) -> Option<u64> {
        match self {
            Step::Factor(factor) => number.checked_mul(factor).filter(|next| *next > number),
            Step::Addend(step) => number.checked_add(step),
        }
    }

    /// The number of values from `first` to `last`, without making them: there may be billions.
    fn count(self, first: u64, last: u64) -> u64 {
        match self {
            Step::Addend(step) => (last - first) / step + 1,
            // At most 64: the numbers at least double.
            Step::Factor(_) => std::iter::successors(Some(first), |number| self.after(*number))
                .take_while(|number| *number <= last)
                .map(|_| 1)
                .sum(),
        }
    }
}

fn raw(kind: &Kind, number: u64) -> Raw {
    match kind {
        kind if kind.is_size() => Raw::Text(Bytes(number).to_string()),
        Kind::Duration { .. } => Raw::Text(Nanoseconds(number).to_string()),
        _ => Raw::Integer(number.into(), number.to_string()),
    }
}

/// The refusal of a range at a key that takes one value.
pub(super) fn refused(key: &Key, found: &Found) -> Diagnostic {
    let message = format!("{} takes one value, found a range", key.path());
    Diagnostic::new(found.place, message, "this key cannot be swept").accepted(accepted(&key.kind))
}

#[cfg(test)]
mod tests {
    use super::super::key::Section;
    use super::super::keys;
    use super::*;

    fn numbers(name: &str, text: &str) -> Vec<u64> {
        let key = keys::all().find(|key| key.name == name).expect("a key");
        let place = Place { source: 1, start: 0, end: text.len() };
        let found = Found { place, raw: Raw::Text(text.to_owned()) };
        let text = text_of(key, &found).expect("a range");
        let values = values(key, &found, text).unwrap_or_else(|why| panic!("{text}: {}", why.message));
        let number = |value: &Value| match value {
            Value::Size(bytes) => bytes.0,
            Value::Duration(duration) => duration.0,
            Value::Count(count) => *count,
            other => panic!("{other:?}"),
        };
        values.iter().map(number).collect()
    }

    #[test]
    fn a_range_has_its_first_value_and_every_step_up_to_its_last() {
        assert_eq!(numbers("workers", "1..64*2"), [1, 2, 4, 8, 16, 32, 64]);
        assert_eq!(numbers("workers", "1..24*2"), [1, 2, 4, 8, 16]);
        assert_eq!(numbers("workers", " 1 .. 9 + 2 "), [1, 3, 5, 7, 9]);
        assert_eq!(numbers("workers", "3..3*2"), [3]);
        assert_eq!(numbers("batch", "8..512*4"), [8, 32, 128, 512]);
    }

    #[test]
    fn sizes_and_durations_have_units_in_their_ends_and_in_what_is_added() {
        let mib = |sizes: &[u64]| sizes.iter().map(|size| size << 20).collect::<Vec<_>>();
        assert_eq!(numbers("chunk", "8MiB..64MiB*2"), mib(&[8, 16, 32, 64]));
        assert_eq!(numbers("chunk", "8MiB..0.03125 GiB+8MiB"), mib(&[8, 16, 24, 32]));
        // No duration is swept, and none of the arithmetic knows.
        assert_eq!(numbers("duration", "1s..4s+1500ms"), [1_000_000_000, 2_500_000_000, 4_000_000_000]);
        assert_eq!(numbers("warmup", "1ms..1s*10"), [1_000_000, 10_000_000, 100_000_000, 1_000_000_000]);
    }

    #[test]
    fn a_range_that_ends_at_the_largest_number_ends() {
        assert_eq!(numbers("seed", "1..9223372036854775807*4294967296"), [1, 1 << 32]);
        assert_eq!(numbers("seed", "9223372036854775806..9223372036854775807+1").len(), 2);
    }

    #[test]
    fn every_example_is_a_range_of_its_kind() {
        let swept = Section::ALL.into_iter().flat_map(Section::keys).filter(|key| key.sweep);
        for (key, example) in swept.filter_map(|key| Some((key, example(&key.kind)?))) {
            assert!(numbers(key.name, &example).len() > 2, "{}: {example}", key.path());
        }
    }
}
