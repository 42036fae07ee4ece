//! The kernel's handling of memory during a benchmark, and the amount of memory.

use crate::environment::check::{Check, Host, Remedy};
use crate::environment::reading::NodeMemory;
use crate::units::human_bytes;

/// Unused reserved huge pages of more than 1 / 100 of the memory noticeably reduce the rest.
const POOL_PART: u64 = 100;
/// A node with less than 1 / 4 of its memory free, and more than that in cached files, has to evict them first.
const FREE_PART: u64 = 4;

pub(super) fn huge_pages(host: &Host<'_>) -> Check {
    let what = "huge pages";
    let Some(mode) = &host.environment.transparent_huge_pages else {
        return host.missing(what, "transparent_huge_pages");
    };
    let defrag = host.environment.transparent_huge_pages_defrag.as_deref();
    let defrag = defrag.map_or(String::new(), |mode| format!(", defrag {mode}"));
    if mode != "never" {
        return Check::fine(what, format!("transparent: {mode}{defrag}"));
    }
    let remedy = Remedy::write("madvise", "/sys/kernel/mm/transparent_hugepage/enabled");
    Check::warn(what, "transparent: never; the arena asks for them and gets none", remedy)
}

pub(super) fn pools(host: &Host<'_>) -> Check {
    let what = "set aside";
    let pools = &host.reading.huge_page_pools;
    let Some(largest) = pools.iter().max_by_key(|pool| pool.page_bytes.saturating_mul(pool.free)) else {
        return Check::unknown(what, "the kernel lists no sizes of huge pages");
    };
    let idle: u64 = pools.iter().map(|pool| pool.page_bytes.saturating_mul(pool.free)).sum();
    let all: u64 = pools.iter().map(|pool| pool.page_bytes.saturating_mul(pool.total)).sum();
    if all == 0 {
        return Check::fine(what, "no huge pages");
    }
    let found = format!("{} in huge pages, {} of them idle", human_bytes(all), human_bytes(idle));
    if host.environment.memory_bytes.is_none_or(|memory| idle <= memory / POOL_PART) {
        return Check::fine(what, found);
    }
    let path = format!("/sys/kernel/mm/hugepages/hugepages-{}kB/nr_hugepages", largest.page_bytes / 1024);
    Check::warn(what, format!("{found}: numamark cannot use them"), Remedy::write("0", &path))
}

pub(super) fn balancing(host: &Host<'_>) -> Check {
    let what = "NUMA balancing";
    match host.environment.numa_balancing {
        None if host.environment.nodes.len() == 1 => Check::fine(what, "one node: nothing to balance"),
        None => host.missing(what, "numa_balancing"),
        Some(false) => Check::fine(what, "off"),
        Some(true) => {
            let found = "on: the kernel unmaps and moves pages";
            Check::warn(what, found, Remedy::command("sudo sysctl -w kernel.numa_balancing=0"))
        }
    }
}

pub(super) fn merging(host: &Host<'_>) -> Check {
    let what = "page merging";
    match host.reading.merges_pages {
        Err(ref why) => Check::unknown(what, why),
        Ok(false) => Check::fine(what, "off"),
        Ok(true) => Check::warn(
            what,
            "on (KSM): a kernel thread reads memory meanwhile",
            Remedy::write("0", "/sys/kernel/mm/ksm/run"),
        ),
    }
}

pub(super) fn swap(host: &Host<'_>) -> Check {
    let what = "swap";
    match host.reading.swap {
        Err(ref why) => Check::unknown(what, why),
        Ok((0, _)) => Check::fine(what, "none"),
        Ok((total, used)) => {
            let found =
                format!("{}, {} of it in use: memory may go to disk", human_bytes(total), human_bytes(used));
            Check::warn(what, found, Remedy::command("sudo swapoff -a"))
        }
    }
}

pub(super) fn limit(host: &Host<'_>) -> Check {
    let what = "memory limit";
    let limits = match &host.reading.limits {
        Ok(limits) => limits,
        Err(why) => return Check::fine(what, format!("none: {why}")),
    };
    let Some(limit) = &limits.memory else { return Check::fine(what, "none") };
    let memory = host.environment.memory_bytes.map(|memory| memory as f64);
    if memory.is_some_and(|memory| limit.amount >= memory) {
        return Check::fine(what, format!("{}: more than this host has", human_bytes(limit.amount as u64)));
    }
    let of = memory.map_or(String::new(), |memory| format!(" of {}", human_bytes(memory as u64)));
    let remedy = match host.in_slurm() {
        true => Remedy::command("sbatch --exclusive --mem=0 JOB.sbatch"),
        false => {
            let value = if limit.file.ends_with("memory.limit_in_bytes") { "-1" } else { "max" };
            Remedy::write(value, &limit.file.display().to_string())
        }
    };
    Check::warn(
        what,
        format!("{}{of}: other programs may use the rest", human_bytes(limit.amount as u64)),
        remedy,
    )
}

pub(super) fn free(host: &Host<'_>) -> Check {
    let what = "free memory";
    let free_part = |node: &&NodeMemory| node.free as f64 / node.total.max(1) as f64;
    let nodes = host.reading.nodes.iter().filter(|node| node.total > 0);
    let Some(least) = nodes.min_by(|a, b| free_part(a).total_cmp(&free_part(b))) else {
        return Check::unknown(what, "the kernel lists no node");
    };
    let found = format!(
        "node {}: {} of {} free, {} cached files",
        least.os_index,
        human_bytes(least.free),
        human_bytes(least.total),
        human_bytes(least.cached)
    );
    let quarter = least.total / FREE_PART;
    if least.free < quarter && least.cached > quarter {
        return Check::warn(what, found, Remedy::command("sync; echo 1 | sudo tee /proc/sys/vm/drop_caches"));
    }
    Check::fine(what, found)
}

pub(super) fn address_space(host: &Host<'_>) -> Check {
    let what = "address space";
    match host.reading.address_space {
        Err(ref why) => Check::unknown(what, why),
        Ok(None) => Check::fine(what, "not limited"),
        Ok(Some(limit)) => {
            let found = format!("at most {}: the arena reserves more than it uses", human_bytes(limit));
            Check::warn(what, found, Remedy::command("ulimit -v unlimited"))
        }
    }
}
