//! The jobs that the program brings along: the files of `jobs/`, as they were when it was built.

use super::nearest::nearest_first;

/// A job that runs without a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuiltIn {
    /// Its name, which is also the name of its file without `.toml`.
    pub name: &'static str,
    /// Its file.
    pub text: &'static str,
}

macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        [$(BuiltIn { name: $name, text: include_str!(concat!("../../jobs/", $name, ".toml")) }),+]
    };
}

/// Every file of `jobs/`, in the order in which they are listed.
pub const BUILT_IN: &[BuiltIn] = &files![
    "quick",
    "node-qualification",
    "chunk-sweep",
    "generator-design",
    "allocators",
    "batch-comparison",
    "refill-batch",
    "soak",
    "dataset",
];

impl BuiltIn {
    /// The job of this name.
    pub fn find(name: &str) -> Option<BuiltIn> {
        BUILT_IN.iter().copied().find(|job| job.name == name)
    }

    /// Every name, the one most like `found` first.
    pub fn names_nearest_first(found: &str) -> Vec<&'static str> {
        nearest_first(found, BUILT_IN.iter().map(|job| job.name))
    }

    /// The question that the job answers: the first paragraph of its file.
    pub fn question(&self) -> String {
        let lines = self.text.lines().map_while(|line| line.strip_prefix("# "));
        lines.map(str::trim).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_names_come_first() {
        for (found, first) in [
            ("quik", "quick"),
            ("chunks", "chunk-sweep"),
            ("sweep", "chunk-sweep"),
            ("design", "generator-design"),
            ("Node_qualification", "node-qualification"),
            ("alocators", "allocators"),
            ("data", "dataset"),
        ] {
            let names = BuiltIn::names_nearest_first(found);
            assert_eq!((names[0], names.len()), (first, BUILT_IN.len()), "{found}: {names:?}");
        }
    }
}
