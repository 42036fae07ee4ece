//! Memory sizes of the hosts and nodes of two runs: how far they may differ in a comparison.
//!
//! The kernel's figure for the same memory differs by what the firmware reserves, and on virtual machines by what a balloon has
//! taken back. Neither changes caches, cores or channels, so a comparison stands and a note names the difference. A large
//! difference is other hardware.

use super::loaded::Loaded;
use crate::units::human_bytes;

/// Largest ratio between the memory of hosts that needs no note: that of the firmware.
const ALIKE: f64 = 1.02;
/// Largest ratio between memory sizes that are compared.
pub(super) const COMPARABLE: f64 = 1.25;

/// One size in both runs; `None` where it is unknown.
struct Sizes {
    what: String,
    base: Option<f64>,
    other: Option<f64>,
}

impl Sizes {
    /// The larger size as a multiple of the smaller one.
    fn ratio(&self) -> f64 {
        match (self.base, self.other) {
            (Some(base), Some(other)) => base.max(other) / base.min(other).max(1.0),
            (None, None) => 1.0,
            // Only one of two like machines would report it.
            _ => f64::INFINITY,
        }
    }

    fn shown(&self) -> [String; 2] {
        let shown =
            |bytes: Option<f64>| bytes.map_or("unknown".to_owned(), |bytes| human_bytes(bytes as u64));
        [self.base, self.other].map(shown)
    }
}

/// The class of a node without its memory, and the memory in bytes.
pub(super) fn class_and_memory(class: &str) -> (&str, Option<f64>) {
    let parts = class.strip_suffix(" of memory").and_then(|class| class.rsplit_once(", "));
    let memory = parts.and_then(|(class, size)| {
        let (number, unit) = size.split_once(' ')?;
        let power = ["B", "KiB", "MiB", "GiB", "TiB"].iter().position(|name| *name == unit)?;
        Some((class, number.parse::<f64>().ok()? * 1024f64.powi(i32::try_from(power).ok()?)))
    });
    memory.map_or((class.trim_end_matches(", memory unknown"), None), |(class, bytes)| (class, Some(bytes)))
}

/// Memory of rank 0's host, and of the node that differs most.
fn sizes(base: &Loaded, other: &Loaded) -> Vec<Sizes> {
    let of_host = |run: &Loaded| run.header.environment.memory_bytes.map(|bytes| bytes as f64);
    let host = Sizes { what: "memory_bytes".to_owned(), base: of_host(base), other: of_host(other) };
    let by_rank = base.begins.iter().zip(&other.begins).map(|(ours, theirs)| Sizes {
        what: format!("memory of the node of rank {}", ours.rank),
        base: class_and_memory(&ours.class).1,
        other: class_and_memory(&theirs.class).1,
    });
    let most = by_rank.reduce(|most, next| if next.ratio() > most.ratio() { next } else { most });
    std::iter::once(host).chain(most).collect()
}

/// Sizes that differ too much: the name of each, and both values.
pub(super) fn too_unlike(base: &Loaded, other: &Loaded) -> Vec<(String, [String; 2])> {
    let unlike = sizes(base, other).into_iter().filter(|sizes| sizes.ratio() > COMPARABLE);
    unlike.map(|sizes| (sizes.what.clone(), sizes.shown())).collect()
}

/// The note about sizes that differ a little, the largest difference only.
pub(super) fn note(base: &Loaded, other: &Loaded) -> Option<String> {
    let differing = sizes(base, other).into_iter().filter(|sizes| sizes.ratio() > ALIKE);
    let sizes = differing.reduce(|most, next| if next.ratio() > most.ratio() { next } else { most })?;
    let [ours, theirs] = sizes.shown();
    Some(format!(
        "{} is {ours} in {} and {theirs} in {}: a balloon of the hypervisor or the firmware took the difference",
        sizes.what,
        base.name(),
        other.name()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_split_before_its_memory() {
        let class = "EPYC 7763, 8 workers, 32.0 MiB of L3";
        for (memory, bytes) in [
            (", 11.0 GiB of memory", Some(11.0 * 1024f64.powi(3))),
            (", 512 MiB of memory", Some(512.0 * 1024f64.powi(2))),
            (", memory unknown", None),
            ("", None),
        ] {
            assert_eq!(class_and_memory(&format!("{class}{memory}")), (class, bytes), "{memory}");
        }
    }
}
