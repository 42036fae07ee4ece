//! What the cgroups of this process leave it of the host, and the files that say so.

use std::path::{Path, PathBuf};

use crate::cgroup::{Cgroup, Version};

/// A limit, and the file that sets it.
#[derive(Clone, Debug, PartialEq)]
pub struct CgroupLimit {
    /// How much there is in all: PUs, or bytes.
    pub amount: f64,
    /// Where it stands.
    pub file: PathBuf,
}

/// What the cgroups of this process limit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CgroupLimits {
    /// PUs' worth of CPU time; the process is stopped for the rest of each period when it is used up.
    pub pus: Option<CgroupLimit>,
    /// Bytes of memory.
    pub memory: Option<CgroupLimit>,
}

/// The tightest limits of this process's cgroup and every one above it that can be seen, in a tree that is laid out like
/// `/`.
pub(super) fn cgroup_limits(root: &Path) -> Result<CgroupLimits, String> {
    let (cpu, memory) = (Cgroup::find_below(root, "cpu"), Cgroup::find_below(root, "memory"));
    if cpu.is_none() && memory.is_none() {
        return Err("this process is in no cgroup".to_owned());
    }
    let tightest = |cgroup: Option<Cgroup>, level: fn(Version, &Path) -> Option<CgroupLimit>| {
        let cgroup = cgroup?;
        let limits = cgroup.levels().filter_map(|path| level(cgroup.version, path));
        limits.min_by(|a, b| a.amount.total_cmp(&b.amount))
    };
    Ok(CgroupLimits { pus: tightest(cpu, pus), memory: tightest(memory, memory_bytes) })
}

/// Version 1 writes "no limit" of memory as the largest multiple of a page.
const UNLIMITED_FROM: u64 = 1 << 62;

/// The memory limit of one cgroup. Above `high` the kernel throttles until nothing moves.
fn memory_bytes(version: Version, path: &Path) -> Option<CgroupLimit> {
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

/// The CPU time of one cgroup: quota over period.
fn pus(version: Version, path: &Path) -> Option<CgroupLimit> {
    let text = |file: &Path| Some(std::fs::read_to_string(file).ok()?.trim().to_owned());
    let (file, quota, period) = match version {
        Version::One => {
            let file = path.join("cpu.cfs_quota_us");
            let quota = text(&file)?;
            (file, quota, text(&path.join("cpu.cfs_period_us"))?)
        }
        Version::Two => {
            let file = path.join("cpu.max");
            let line = text(&file)?;
            let (quota, period) = line.split_once(' ')?;
            (file, quota.to_owned(), period.to_owned())
        }
    };
    // No limit is "max", or -1: neither is a count.
    let (quota, period): (u32, u32) = (quota.parse().ok()?, period.parse().ok()?);
    (period > 0).then(|| CgroupLimit { amount: f64::from(quota) / f64::from(period), file })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The limits in a made-up tree.
    fn limits(name: &str, files: &[(&str, &str)]) -> CgroupLimits {
        let root = std::env::temp_dir().join(format!("numamark-limits-{name}-{}", std::process::id()));
        for (path, text) in files {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().expect("below the root")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        }
        let found = cgroup_limits(&root).expect("it is in a cgroup");
        std::fs::remove_dir_all(&root).expect("it is there");
        found
    }

    #[test]
    fn the_tightest_quota_and_the_file_that_sets_it_are_found_in_both_versions() {
        let mounts = "31 30 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
        let two = limits(
            "two",
            &[
                ("proc/self/cgroup", "0::/job/step\n"),
                ("proc/self/mountinfo", mounts),
                ("sys/fs/cgroup/job/cpu.max", "150000 100000\n"),
                ("sys/fs/cgroup/job/memory.max", "max\n"),
                ("sys/fs/cgroup/job/step/cpu.max", "max 100000\n"),
                ("sys/fs/cgroup/job/step/memory.high", "4096\n"),
            ],
        );
        let pus = two.pus.expect("the job has a quota");
        assert!(pus.amount == 1.5 && pus.file.ends_with("sys/fs/cgroup/job/cpu.max"), "{pus:?}");
        assert_eq!(two.memory.expect("the step has a limit").amount, 4096.0);
        let one = limits(
            "one",
            &[
                ("proc/self/cgroup", "2:cpu,cpuacct:/job\n1:memory:/job\n"),
                ("proc/self/mountinfo", "31 30 0:27 / /c rw - cgroup cgroup rw,cpu,cpuacct\n"),
                ("c/cpu.cfs_quota_us", "-1\n"),
                ("c/cpu.cfs_period_us", "100000\n"),
                ("c/job/cpu.cfs_quota_us", "50000\n"),
                ("c/job/cpu.cfs_period_us", "100000\n"),
            ],
        );
        assert_eq!((one.pus.map(|limit| limit.amount), one.memory), (Some(0.5), None));
        assert!(cgroup_limits(Path::new("/nonexistent")).is_err());
    }
}
