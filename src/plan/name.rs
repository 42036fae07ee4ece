//! The name of a case, and its parameters in `run.json`.

use crate::generator::Ratio;
use crate::job::Workers;
use crate::record::run::Parameter;
use crate::units::Bytes;
use crate::word::Word;
use crate::workload::allocate::Sizes;

/// The name of a case in the making: parameters are added in the order of the job file, and the id shows those that
/// are swept.
pub(super) struct Name {
    pub(super) id: String,
    pub(super) parameters: Vec<(&'static str, Parameter)>,
}

impl Name {
    pub(super) fn new(workload: &'static str) -> Name {
        Name { id: workload.to_owned(), parameters: Vec::new() }
    }

    /// Adds a parameter that `run.json` names as the job file does.
    pub(super) fn add(self, key: &'static str, value: impl AsParameter, swept: bool) -> Name {
        self.add_as((key, key), value, swept)
    }

    /// Adds a parameter that touches only some cases.
    pub(super) fn add_if(
        self,
        touches: bool,
        key: &'static str,
        value: impl AsParameter,
        swept: bool,
    ) -> Name {
        if touches { self.add(key, value, swept) } else { self }
    }

    /// Adds a parameter with one name for the id and another for `run.json`: there sizes have their unit, and `scope` by
    /// itself is a column of samples.parquet.
    pub(super) fn add_as(
        mut self,
        (key, parameter): (&'static str, &'static str),
        value: impl AsParameter,
        swept: bool,
    ) -> Name {
        let (value, shown) = value.to_parameter();
        self.parameters.push((parameter, value));
        if swept {
            self.id.push_str(&format!(".{key}={shown}"));
        }
        self
    }
}

/// A value as `run.json` has it, and as an id shows it.
pub(super) trait AsParameter {
    fn to_parameter(self) -> (Parameter, String);
}

fn word(word: impl Into<String>) -> (Parameter, String) {
    let word = word.into();
    (Parameter::Word(word.clone()), word)
}

impl<W: Word> AsParameter for W {
    fn to_parameter(self) -> (Parameter, String) {
        word(self.word())
    }
}

/// A value, or the word that the job file has for none: what follows from the machine is no parameter.
impl<T: AsParameter> AsParameter for (Option<T>, &'static str) {
    fn to_parameter(self) -> (Parameter, String) {
        self.0.map_or_else(|| word(self.1), AsParameter::to_parameter)
    }
}

impl AsParameter for Bytes {
    fn to_parameter(self) -> (Parameter, String) {
        (Parameter::Number(self.0), self.to_string())
    }
}

impl AsParameter for Sizes {
    fn to_parameter(self) -> (Parameter, String) {
        word(self.to_string())
    }
}

impl AsParameter for u32 {
    fn to_parameter(self) -> (Parameter, String) {
        (Parameter::Number(self.into()), self.to_string())
    }
}

/// A ratio is a word in `run.json`: as exact as the job file has it.
impl AsParameter for Ratio {
    fn to_parameter(self) -> (Parameter, String) {
        word(self.to_string())
    }
}

/// "all" may be another number on every rank: the id keeps the word, so that it is the same everywhere.
impl AsParameter for Workers {
    fn to_parameter(self) -> (Parameter, String) {
        match self {
            Workers::All => word("all"),
            Workers::Count(count) => count.to_parameter(),
        }
    }
}
