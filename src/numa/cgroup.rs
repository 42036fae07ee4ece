//! The memory limit of the cgroup this process lives in: a batch system's way of saying how much is its share.

use std::path::Path;

use crate::cgroup::{Cgroup, Version};

/// What this process's cgroup, and every cgroup above it that can be seen, still leave it, in bytes: limit less use,
/// counting cached files as free. `None` when there is no limit.
pub fn cgroup_memory_left() -> Option<u64> {
    let cgroup = Cgroup::find("memory")?;
    memory_left(cgroup.version, cgroup.levels())
}

/// The least that any of these cgroups leaves.
fn memory_left<'a>(version: Version, levels: impl Iterator<Item = &'a Path>) -> Option<u64> {
    levels.filter_map(|path| level_left(version, path)).min()
}

/// What one cgroup leaves, `None` when it has no limit.
fn level_left(version: Version, path: &Path) -> Option<u64> {
    let number = |file: &str| std::fs::read_to_string(path.join(file)).ok()?.trim().parse::<u64>().ok();
    let stat = std::fs::read_to_string(path.join("memory.stat")).unwrap_or_default();
    let cached = |prefix: &str| {
        let value = |name: &str| {
            stat.lines()
                .find_map(|line| line.strip_prefix(&format!("{prefix}{name} "))?.trim().parse::<u64>().ok())
        };
        value("active_file").unwrap_or(0) + value("inactive_file").unwrap_or(0)
    };
    let (limit, used, cached) = match version {
        Version::One => {
            (number("memory.limit_in_bytes")?, number("memory.usage_in_bytes")?, cached("total_"))
        }
        Version::Two => {
            // Above `high` the kernel throttles until nothing moves, so it counts as a limit; "max" is no number.
            let limit = [number("memory.max"), number("memory.high")].into_iter().flatten().min()?;
            (limit, number("memory.current")?, cached(""))
        }
    };
    // Version 1 writes "no limit" as the largest multiple of a page.
    let limited = limit < 1 << 62;
    limited.then(|| limit.saturating_sub(used.saturating_sub(cached)))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// A tree of cgroup files in the test's own folder.
    struct Tree(PathBuf);

    impl Tree {
        fn new(name: &str, files: &[(&str, &str)]) -> Tree {
            let top = std::env::temp_dir().join(format!("numamark-cgroup-{name}-{}", std::process::id()));
            for (path, text) in files {
                let path = top.join(path);
                std::fs::create_dir_all(path.parent().expect("below the top")).expect("folder");
                std::fs::write(path, text).expect("file");
            }
            Tree(top)
        }

        /// The directory and all above it up to the top.
        fn levels(&self, path: &str) -> Vec<PathBuf> {
            let own = self.0.join(path);
            own.ancestors().take_while(|path| path.starts_with(&self.0)).map(Path::to_owned).collect()
        }
    }

    impl Drop for Tree {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn the_tightest_limit_on_the_way_up_counts_and_cached_files_are_free() {
        let tree = Tree::new(
            "two",
            &[
                ("job/memory.max", "1000\n"),
                ("job/memory.high", "max\n"),
                ("job/memory.current", "700\n"),
                ("job/memory.stat", "anon 500\nfile 200\nactive_file 60\ninactive_file 90\n"),
                ("job/step/memory.max", "max\n"),
                ("job/step/memory.high", "5000\n"),
                ("job/step/memory.current", "600\n"),
            ],
        );
        let levels = tree.levels("job/step");
        assert_eq!(memory_left(Version::Two, levels.iter().map(PathBuf::as_path)), Some(1000 - (700 - 150)));
        assert_eq!(level_left(Version::Two, &tree.0.join("job/step")), Some(4400));
        assert_eq!(memory_left(Version::Two, [tree.0.as_path()].into_iter()), None, "the top has no limit");
    }

    #[test]
    fn version_one_without_a_limit_is_no_limit() {
        let tree = Tree::new(
            "one",
            &[
                ("memory.limit_in_bytes", "9223372036854771712\n"),
                ("memory.usage_in_bytes", "700\n"),
                ("step/memory.limit_in_bytes", "800\n"),
                ("step/memory.usage_in_bytes", "900\n"),
                ("step/memory.stat", "active_file 7\ntotal_active_file 50\ntotal_inactive_file 60\n"),
            ],
        );
        assert_eq!(level_left(Version::One, &tree.0), None);
        let levels = tree.levels("step");
        assert_eq!(memory_left(Version::One, levels.iter().map(PathBuf::as_path)), Some(800 - 790));
    }
}
