//! The limits of this process's cgroup, by which a batch system sets a job's share of the host.

use std::path::{Path, PathBuf};

use crate::cgroup::{Cgroup, Version};

/// A limit and the file that sets it.
#[derive(Clone, Debug, PartialEq)]
pub struct CgroupLimit {
    /// The limit in all: PUs, or bytes.
    pub amount: f64,
    /// The file that holds the limit.
    pub file: PathBuf,
}

/// The limits that the cgroups of this process set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CgroupLimits {
    /// CPU time per period, in PUs. A process that has used it up is stopped for the rest of the period.
    pub pus: Option<CgroupLimit>,
    /// Bytes of memory.
    pub memory: Option<CgroupLimit>,
}

/// The tightest limits of this process's cgroup and of every visible cgroup above it, read from the files below `root`
/// (`/`, or a made-up machine). `None` when the process is in no cgroup.
pub fn cgroup_limits(root: &Path) -> Option<CgroupLimits> {
    let tightest = |cgroup: &Cgroup, level: fn(Version, &Path) -> Option<CgroupLimit>| {
        let limits = cgroup.levels().filter_map(|path| level(cgroup.version, path));
        limits.min_by(|a, b| a.amount.total_cmp(&b.amount))
    };
    let [cpu, memory] = ["cpu", "memory"].map(|controller| Cgroup::find_below(root, controller));
    if cpu.is_none() && memory.is_none() {
        return None;
    }
    Some(CgroupLimits {
        pus: cpu.and_then(|cgroup| tightest(&cgroup, pus_of_level)),
        memory: memory.and_then(|cgroup| tightest(&cgroup, memory_of_level)),
    })
}

/// Memory that this process's cgroup, and every visible cgroup above it, still allow it, in bytes: limit minus use,
/// with cached files counted as free. `None` when there is no limit.
pub fn cgroup_memory_left() -> Option<u64> {
    let cgroup = Cgroup::find("memory")?;
    memory_left(cgroup.version, cgroup.levels())
}

/// Version 1 writes "no limit" of memory as the largest multiple of a page.
const UNLIMITED_FROM: u64 = 1 << 62;

/// The memory limit of one cgroup.
fn memory_of_level(version: Version, path: &Path) -> Option<CgroupLimit> {
    let files: &[&str] = match version {
        Version::One => &["memory.limit_in_bytes"],
        Version::Two => &["memory.max", "memory.high"],
    };
    let limits = files.iter().filter_map(|file| {
        let file = path.join(file);
        let bytes: u64 = std::fs::read_to_string(&file).ok()?.trim().parse().ok()?;
        (bytes < UNLIMITED_FROM).then_some(CgroupLimit { amount: bytes as f64, file })
    });
    limits.min_by(|a, b| a.amount.total_cmp(&b.amount))
}

/// The CPU limit of one cgroup, in PUs: quota / period.
fn pus_of_level(version: Version, path: &Path) -> Option<CgroupLimit> {
    let text = |file: &Path| std::fs::read_to_string(file).ok();
    let (file, quota, period) = match version {
        Version::One => {
            let file = path.join("cpu.cfs_quota_us");
            let quota = text(&file)?.trim().to_owned();
            (file, quota, text(&path.join("cpu.cfs_period_us"))?.trim().to_owned())
        }
        Version::Two => {
            let file = path.join("cpu.max");
            let line = text(&file)?;
            let (quota, period) = line.trim().split_once(' ')?;
            (file, quota.to_owned(), period.to_owned())
        }
    };
    // "No limit" is written as "max" or -1; neither parses as a count.
    let (quota, period): (u32, u32) = (quota.parse().ok()?, period.parse().ok()?);
    (period > 0).then(|| CgroupLimit { amount: f64::from(quota) / f64::from(period), file })
}

/// The smallest remainder over these cgroups, in bytes.
fn memory_left<'a>(version: Version, levels: impl Iterator<Item = &'a Path>) -> Option<u64> {
    levels.filter_map(|path| level_left(version, path)).min()
}

/// The remainder of one cgroup, in bytes; `None` when it has no limit.
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
            // Above `high` the kernel throttles the process almost to a halt, so `high` counts as a limit. The word
            // "max" does not parse as a number.
            let limit = [number("memory.max"), number("memory.high")].into_iter().flatten().min()?;
            (limit, number("memory.current")?, cached(""))
        }
    };
    let limited = limit < UNLIMITED_FROM;
    limited.then(|| limit.saturating_sub(used.saturating_sub(cached)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::made_up::Files;

    /// The directory and all above it up to the top.
    fn levels(tree: &Files, path: &str) -> Vec<PathBuf> {
        let own = tree.root.join(path);
        own.ancestors().take_while(|path| path.starts_with(&tree.root)).map(Path::to_owned).collect()
    }

    #[test]
    fn the_tightest_limit_on_the_way_up_counts_and_cached_files_are_free() {
        let tree = Files::new(
            "cgroup-two",
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
        let levels = levels(&tree, "job/step");
        assert_eq!(memory_left(Version::Two, levels.iter().map(PathBuf::as_path)), Some(1000 - (700 - 150)));
        assert_eq!(level_left(Version::Two, &tree.root.join("job/step")), Some(4400));
        assert_eq!(
            memory_left(Version::Two, [tree.root.as_path()].into_iter()),
            None,
            "the top has no limit"
        );
    }

    #[test]
    fn version_one_without_a_limit_is_no_limit() {
        let tree = Files::new(
            "cgroup-one",
            &[
                ("memory.limit_in_bytes", "9223372036854771712\n"),
                ("memory.usage_in_bytes", "700\n"),
                ("step/memory.limit_in_bytes", "800\n"),
                ("step/memory.usage_in_bytes", "900\n"),
                ("step/memory.stat", "active_file 7\ntotal_active_file 50\ntotal_inactive_file 60\n"),
            ],
        );
        assert_eq!(level_left(Version::One, &tree.root), None);
        let levels = levels(&tree, "step");
        assert_eq!(memory_left(Version::One, levels.iter().map(PathBuf::as_path)), Some(800 - 790));
    }

    #[test]
    fn the_tightest_quota_and_the_file_that_sets_it_are_found_in_both_versions() {
        let mounts = "31 30 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
        let two = Files::new(
            "cgroup-limits-two",
            &[
                ("proc/self/cgroup", "0::/job/step\n"),
                ("proc/self/mountinfo", mounts),
                ("sys/fs/cgroup/job/cpu.max", "150000 100000\n"),
                ("sys/fs/cgroup/job/memory.max", "max\n"),
                ("sys/fs/cgroup/job/step/cpu.max", "max 100000\n"),
                ("sys/fs/cgroup/job/step/memory.high", "4096\n"),
            ],
        );
        let limits = cgroup_limits(&two.root).expect("it is in a cgroup");
        let pus = limits.pus.expect("the job has a quota");
        assert_eq!((pus.amount, pus.file), (1.5, two.root.join("sys/fs/cgroup/job/cpu.max")));
        assert_eq!(limits.memory.expect("the step has a limit").amount, 4096.0);
        let one = Files::new(
            "cgroup-limits-one",
            &[
                ("proc/self/cgroup", "2:cpu,cpuacct:/job\n1:memory:/job\n"),
                ("proc/self/mountinfo", "31 30 0:27 / /c rw - cgroup cgroup rw,cpu,cpuacct\n"),
                ("c/cpu.cfs_quota_us", "-1\n"),
                ("c/cpu.cfs_period_us", "100000\n"),
                ("c/job/cpu.cfs_quota_us", "50000\n"),
                ("c/job/cpu.cfs_period_us", "100000\n"),
            ],
        );
        let limits = cgroup_limits(&one.root).expect("it is in a cgroup");
        assert_eq!((limits.pus.map(|limit| limit.amount), limits.memory), (Some(0.5), None));
        assert_eq!(cgroup_limits(Path::new("/nonexistent")), None);
    }
}
