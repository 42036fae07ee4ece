//! Allocators that a job names and this program does not contain.

use super::Allocator;
use super::diagnostic::{Diagnostic, Place, quoted};
use super::entry::Table;
use super::key::Section;
use super::value::Field;
use super::values::Values;
use crate::word::Word;

/// Refuses the allocators that the program lacks: all in one diagnostic, because one build adds all of them.
pub(super) fn missing(values: &Values, has: fn(Allocator) -> bool) -> Option<Diagnostic> {
    let arms = (0..values.listed(Section::Arm).count()).map(|arm| Table::of_arm(Section::Allocate, arm));
    let tables = std::iter::once(Table::single(Section::Allocate)).chain(arms);
    let named = tables.flat_map(|table| values.of(table, "allocator"));
    let named: Vec<(Allocator, Place)> = named
        .map(|(value, place)| (Allocator::read(value), *place))
        .filter(|(word, _)| !has(*word))
        .collect();
    let ((first, place), others) = named.split_first()?;
    let message = format!("this numamark was built without {}", quoted(first.word()));
    let diagnostic = Diagnostic::new(*place, message, "an allocator of another project");
    let diagnostic =
        others.iter().fold(diagnostic, |diagnostic, (_, place)| diagnostic.related(*place, "this one, too"));
    let built: Vec<String> =
        Allocator::ALL.iter().filter(|word| has(**word)).map(|word| quoted(word.word())).collect();
    Some(
        diagnostic
            .note("to build it in: cargo build --release --features peers")
            .note("make run JOB=FILE does so for a job that names one")
            .accepted(format!("{} in this build", built.join(", "))),
    )
}

#[cfg(test)]
mod tests {
    use super::super::{Job, Setting};
    use super::*;

    const TEXT: &str = "schema = 1\nname = \"x\"\n[allocate]\nallocator = [\"slab\", \"mimalloc\"]\n[[arm]]\n\
                        name = \"other\"\nslab.batch = 128\n";

    fn refused(text: &str, settings: &[Setting]) -> String {
        let own = |allocator: Allocator| !allocator.is_from_another_project();
        Job::parse_with(text, "job.toml", settings, own).expect_err("a program without peers").to_string()
    }

    #[test]
    fn a_peer_is_refused_at_its_place_with_the_command_that_builds_it() {
        let message = refused(TEXT, &[]);
        assert!(
            message.contains("job.toml:4:22: this numamark was built without \"mimalloc\"\n"),
            "{message}"
        );
        assert!(message.contains("cargo build --release --features peers"), "{message}");
        assert!(message.contains("accepted: \"slab\", \"system\", \"null\" in this build"), "{message}");
    }

    #[test]
    fn peers_of_arms_and_of_settings_are_found_and_named_once() {
        let text = TEXT
            .replace("[\"slab\", \"mimalloc\"]", "\"slab\"")
            .replace("slab.batch = 128", "allocate.allocator = \"rpmalloc\"");
        assert!(refused(&text, &[]).contains("job.toml:7:22: this numamark was built without \"rpmalloc\""));
        let message = refused(TEXT, &[Setting::new("allocate.allocator=[\"jemalloc\",\"snmalloc\"]")]);
        assert_eq!(message.matches("built without").count(), 1, "{message}");
    }

    #[test]
    fn a_stored_job_is_read_by_every_build_and_run_by_those_with_its_allocators() {
        assert!(Job::parse(TEXT, "job.toml", &[]).is_ok());
        assert_eq!(Job::parse_to_run(TEXT, "job.toml", &[]).is_ok(), cfg!(feature = "peers"));
    }
}
