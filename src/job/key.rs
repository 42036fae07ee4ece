//! The description of a key: its section, its accepted values, and the meaning of its absence.

/// A table of the job file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Section {
    Job,
    Run,
    /// `[run.stop]`
    Stop,
    /// `[run.drop]`
    Drop,
    Rank,
    Generate,
    Allocate,
    Slab,
    Arm,
    Gate,
}

impl Section {
    /// In the order of the effective job.
    pub const ALL: [Section; 10] = [
        Section::Job,
        Section::Run,
        Section::Stop,
        Section::Drop,
        Section::Rank,
        Section::Generate,
        Section::Allocate,
        Section::Slab,
        Section::Arm,
        Section::Gate,
    ];

    /// The sections with brackets, without those inside another section.
    pub fn named() -> impl Iterator<Item = Section> {
        let inside = |section| matches!(section, Section::Job | Section::Stop | Section::Drop);
        Section::ALL.into_iter().filter(move |section| !inside(*section))
    }

    /// True for sections in double brackets: one for each gate or arm.
    pub fn is_list(self) -> bool {
        matches!(self, Section::Gate | Section::Arm)
    }

    /// All that stand in brackets, as an error lists them.
    pub fn all_shown() -> String {
        Section::named().map(Section::shown).collect::<Vec<_>>().join(", ")
    }

    /// The name in brackets; empty for the keys above the first section.
    pub fn name(self) -> &'static str {
        match self {
            Section::Job => "",
            Section::Run => "run",
            Section::Stop => "run.stop",
            Section::Drop => "run.drop",
            Section::Rank => "rank",
            Section::Generate => "generate",
            Section::Allocate => "allocate",
            Section::Slab => "slab",
            Section::Arm => "arm",
            Section::Gate => "gate",
        }
    }

    /// As a person would point at it.
    pub fn shown(self) -> String {
        match self {
            Section::Job => "the top of the job file".to_owned(),
            Section::Arm | Section::Gate => format!("[[{}]]", self.name()),
            section => format!("[{}]", section.name()),
        }
    }

    /// The section's description in the JSON Schema.
    pub fn about(self) -> &'static str {
        match self {
            Section::Job => "A job of numamark: what is measured, and how often. Lists are sweeps.",
            Section::Run => "Length and number of the repetitions of each case.",
            Section::Stop => {
                "Repeats until the figures are certain enough, instead of a fixed number of times."
            }
            Section::Drop => "Rule that leaves out repetitions because something else ran on their cores.",
            Section::Rank => "Binding and workers of a rank.",
            Section::Generate => "The workload that fills chunks with a reproducible byte stream.",
            Section::Allocate => "The workloads that only allocate and free.",
            Section::Slab => "The slab allocator, one in each rank.",
            Section::Arm => {
                "One side of a comparison: the job with a few keys set otherwise. The job as it stands is the arm \"base\"."
            }
            Section::Gate => "A bound on a figure, which decides the exit code.",
        }
    }
}

/// The values that a key accepts.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// One word out of a closed set.
    Word(&'static [&'static str]),
    /// A size in bytes, with its unit, that is a multiple of `multiple`.
    Size { min: u64, max: u64, multiple: u64 },
    /// A size in bytes that is a power of two.
    PowerOfTwo { min: u64, max: u64 },
    /// One word, or a size in bytes that is a multiple of `multiple`.
    SizeOr { word: &'static str, min: u64, max: u64, multiple: u64 },
    /// One word, or a range of sizes of objects: `"8B..128B"`, or one size.
    SizesOr { word: &'static str, min: u32, max: u32 },
    /// A rational number from 1: `1.5`, or `"3/2"`.
    Ratio,
    /// A duration in nanoseconds, with its unit.
    Duration { min: u64, max: u64 },
    /// A whole number.
    Count { min: u64, max: u64 },
    /// One word, or a whole number.
    CountOr { word: &'static str, min: u64, max: u64 },
    /// A part of a whole: `"2%"`, or the number 0.02.
    Share { min: f64, max: f64 },
    /// A number in a metric's own unit, or a share: `0.99` or `"99%"`.
    Bound { max: f64 },
    /// A path, as it is given to the system.
    Path,
    /// `true` or `false`.
    Switch,
    /// A metric of a case or a figure of a histogram.
    Metric,
    /// A name: letters, digits, and these marks after the first of them.
    Name { max_chars: usize, marks: &'static str },
    /// A section of its own inside this one.
    Table(Section),
}

impl Kind {
    /// The one word that stands for another value.
    pub fn only_word(&self) -> Option<&'static str> {
        match *self {
            Kind::SizeOr { word, .. } | Kind::SizesOr { word, .. } | Kind::CountOr { word, .. } => Some(word),
            _ => None,
        }
    }

    /// True when its values are sizes, apart from one word.
    pub fn is_size(&self) -> bool {
        matches!(self, Kind::Size { .. } | Kind::PowerOfTwo { .. } | Kind::SizeOr { .. })
    }
}

/// The meaning of a key that is not given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Absent {
    /// An error.
    Refused,
    /// Nothing: the key has no value.
    Nothing,
    /// This value, written as after `--set KEY=`; unless the key's rival is given.
    Default(&'static str),
}

/// One key.
#[derive(Debug)]
pub(super) struct Key {
    pub section: Section,
    pub name: &'static str,
    pub kind: Kind,
    pub absent: Absent,
    /// A list is accepted, and makes one case for each of its values.
    pub sweep: bool,
    /// The key of the same section that cannot be given together with this one.
    pub rival: Option<&'static str>,
    /// Names that other programs have for it; a job file with one of them gets this key as a suggestion.
    pub elsewhere: &'static [&'static str],
    /// One sentence for the JSON Schema.
    pub about: &'static str,
}

impl Key {
    /// A key with one value, without a default or a rival. Every key of the table names what differs from it.
    pub const PLAIN: Key = Key {
        section: Section::Job,
        name: "",
        kind: Kind::Switch,
        absent: Absent::Nothing,
        sweep: false,
        rival: None,
        elsewhere: &[],
        about: "",
    };

    /// `run.duration`, as `--set` writes it.
    pub fn path(&self) -> String {
        match self.section {
            Section::Job => self.name.to_owned(),
            section => format!("{}.{}", section.name(), self.name),
        }
    }
}

/// Declares keys with one value each.
///
/// A line is one key: its section, its name, `required`, `optional` or `default` with the default as `--set` takes it,
/// after `or` its rival, the values it accepts, the names that other programs have for it, and its description.
macro_rules! keys {
    ($($section:ident $key:ident $absent:ident $($default:literal)? $(or $rival:ident)? in $kind:expr,
        $elsewhere:expr,
        $description:expr;)+
    ) => {
        &[$(Key {
            section: $crate::job::key::Section::$section,
            name: stringify!($key),
            kind: $kind,
            absent: keys!(@$absent $($default)?),
            $(rival: Some(stringify!($rival)),)?
            elsewhere: &$elsewhere,
            about: $description,
            ..Key::PLAIN
        },)+]
    };
    (@required) => { $crate::job::key::Absent::Refused };
    (@optional) => { $crate::job::key::Absent::Nothing };
    (@default $text:literal) => { $crate::job::key::Absent::Default($text) };
}

pub(super) use keys;
