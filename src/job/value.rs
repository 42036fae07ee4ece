//! Checked values: their kinds, and the types that the fields of a job read them as.

use super::Workers;
use crate::generator::Ratio;
use crate::metric::GateMetric;
use crate::units::{Bytes, Nanoseconds, Share};
use crate::word::Word;
use crate::workload::allocate::Sizes;

/// A value that its key accepts.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Word(&'static str),
    Size(Bytes),
    /// A range of sizes that is one value.
    Sizes(Sizes),
    Ratio(Ratio),
    Duration(Nanoseconds),
    Count(u64),
    /// A bound in the metric's own unit.
    Number(f64),
    /// A bound written as a share.
    PerCent(f64),
    Share(Share),
    /// A name or a path.
    Text(String),
    Switch(bool),
    Metric(GateMetric),
}

impl Value {
    /// The value as TOML. Quoted text has no escapes: no accepted value needs any.
    pub fn toml(&self) -> String {
        let quoted = |value: &dyn std::fmt::Display| format!("\"{value}\"");
        match self {
            Value::Word(word) => quoted(word),
            Value::Size(bytes) => quoted(bytes),
            Value::Sizes(sizes) => quoted(sizes),
            Value::Ratio(ratio) => match ratio.to_string() {
                fraction if fraction.contains('/') => quoted(&fraction),
                number => number,
            },
            Value::Duration(duration) => quoted(duration),
            Value::Count(count) => count.to_string(),
            // Debug keeps the point or exponent that makes it a float for TOML, and every digit that matters.
            Value::Number(number) | Value::PerCent(number) => format!("{number:?}"),
            Value::Share(share) => quoted(share),
            Value::Text(text) => quoted(text),
            Value::Switch(switch) => switch.to_string(),
            Value::Metric(metric) => quoted(&metric.name()),
        }
    }
}

/// A type that a field of the job has, read from a checked value.
///
/// A key and its field are declared together or side by side: a mismatch panics, and every parse would meet it.
pub(super) trait Field: Sized {
    fn read(value: &Value) -> Self;
}

impl<W: Word> Field for W {
    fn read(value: &Value) -> W {
        Option::read(value).expect("the key lists the words of this set")
    }
}

/// `None` for the one more word that the key accepts, such as `"auto"`.
impl<W: Word> Field for Option<W> {
    fn read(value: &Value) -> Option<W> {
        match value {
            Value::Word(word) => W::from_word(word),
            other => unreachable!("a key of words holds {other:?}"),
        }
    }
}

/// `None` for the word that the key accepts instead of a size.
impl Field for Option<Bytes> {
    fn read(value: &Value) -> Option<Bytes> {
        match value {
            Value::Word(_) => None,
            size => Some(Bytes::read(size)),
        }
    }
}

/// `None` for the word that the key accepts instead of a range of sizes.
impl Field for Option<Sizes> {
    fn read(value: &Value) -> Option<Sizes> {
        match value {
            Value::Word(_) => None,
            Value::Sizes(sizes) => Some(*sizes),
            other => unreachable!("a key of sizes holds {other:?}"),
        }
    }
}

/// `None` for the word that the key accepts instead of a number.
impl Field for Option<u32> {
    fn read(value: &Value) -> Option<u32> {
        match value {
            Value::Word(_) => None,
            count => Some(u32::read(count)),
        }
    }
}

impl Field for Workers {
    fn read(value: &Value) -> Workers {
        match value {
            Value::Word(_) => Workers::All,
            count => Workers::Count(u32::read(count)),
        }
    }
}

impl Field for u32 {
    fn read(value: &Value) -> u32 {
        u32::try_from(u64::read(value)).expect("the key's range ends below 2^32")
    }
}

macro_rules! fields {
    ($($type:ty: $($kind:ident)|+,)+) => {$(
        impl Field for $type {
            fn read(value: &Value) -> $type {
                match value {
                    $(Value::$kind(held))|+ => held.clone(),
                    other => unreachable!("a key of this type holds {other:?}"),
                }
            }
        }
    )+};
}

fields! {
    Bytes: Size,
    Ratio: Ratio,
    Nanoseconds: Duration,
    u64: Count,
    f64: Number | PerCent,
    Share: Share,
    String: Text,
    bool: Switch,
    GateMetric: Metric,
}
