//! Memory that a node, or the whole host, can still give before the kernel has to kill a process.

/// Available memory of the node, in bytes.
pub(super) fn of_node(os_index: u32) -> Option<u64> {
    let meminfo = std::fs::read_to_string(format!("/sys/devices/system/node/node{os_index}/meminfo")).ok()?;
    let zoneinfo = std::fs::read_to_string("/proc/zoneinfo").unwrap_or_default();
    available(&meminfo, watermark_bytes(&zoneinfo, os_index))
}

/// Available memory of the host, in bytes.
pub(super) fn of_host() -> Option<u64> {
    meminfo_bytes(&std::fs::read_to_string("/proc/meminfo").ok()?, "MemAvailable:")
}

/// The memory of the host, used and free, in bytes.
#[cfg(any(test, not(feature = "hwloc")))]
pub(super) fn total_of_host() -> Option<u64> {
    meminfo_bytes(&std::fs::read_to_string("/proc/meminfo").ok()?, "MemTotal:")
}

/// `MemAvailable` of one node; the kernel gives it only for the whole host (mm/show_mem.c, si_mem_available). It is
/// `free - watermark`, plus `d - min(d / 2, watermark)` for each kind of droppable memory `d`.
fn available(meminfo: &str, watermark: u64) -> Option<u64> {
    let free = meminfo_bytes(meminfo, "MemFree:")?;
    let optional = |name| meminfo_bytes(meminfo, name).unwrap_or(0);
    let keep_some = |droppable: u64| droppable - (droppable / 2).min(watermark);
    let cache = keep_some(optional("Active(file):") + optional("Inactive(file):"));
    let slabs = keep_some(optional("SReclaimable:"));
    Some(free.saturating_sub(watermark) + cache + slabs)
}

/// The number after a name such as `MemTotal:` in the text of a `meminfo` file, in bytes. The files of nodes and of the
/// host differ in the words before the name.
pub fn meminfo_bytes(meminfo: &str, name: &str) -> Option<u64> {
    let mut words = meminfo.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        words.any(|word| word == name).then_some(words)
    })?;
    words.next()?.parse::<u64>().ok()?.checked_mul(1024)
}

/// Sum of the `high` watermarks of the node's zones, in bytes. The kernel does not leave free memory below it for long.
fn watermark_bytes(zoneinfo: &str, os_index: u32) -> u64 {
    let mut inside = false;
    let mut pages = 0;
    for line in zoneinfo.lines() {
        let mut words = line.split_whitespace();
        match (words.next(), words.next()) {
            (Some("Node"), Some(node)) => inside = node.trim_end_matches(',').parse() == Ok(os_index),
            (Some("high"), Some(high)) if inside => pages += high.parse().unwrap_or(0),
            _ => {}
        }
    }
    pages * super::page::page_bytes() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODE: &str = "\nNode 1 MemTotal:       1000 kB\nNode 1 MemFree:         600 kB\nNode 1 FilePages: 300 kB\n\
        Node 1 Active(file):   100 kB\nNode 1 Inactive(file): 100 kB\nNode 1 Shmem: 90 kB\nNode 1 SReclaimable: 20 kB\n";

    #[test]
    fn a_node_has_its_free_pages_and_what_can_be_dropped_less_the_reserve() {
        assert_eq!(available(NODE, 0), Some((600 + 200 + 20) << 10));
        assert_eq!(available(NODE, 50 << 10), Some((550 + 150 + 10) << 10));
        assert_eq!(available(NODE, 900 << 10), Some((100 + 10) << 10), "never below zero");
        assert_eq!(available("nothing", 0), None);
    }

    #[test]
    fn watermarks_are_summed_over_the_zones_of_one_node() {
        let zones = "Node 0, zone      DMA\n  pages free 9\n        high     5\nNode 1, zone   Normal\n        low 1\n        high     7\n    high:  100\nNode 1, zone Movable\n        high     0\n";
        let page = crate::numa::page::page_bytes() as u64;
        assert_eq!((watermark_bytes(zones, 0), watermark_bytes(zones, 1)), (5 * page, 7 * page));
        assert_eq!(watermark_bytes(zones, 2), 0);
    }

    /// The oracle is the kernel's own figure. Memory changes between the two readings, so they agree only roughly.
    #[test]
    fn the_nodes_together_can_give_what_the_kernel_says_the_host_can() {
        let meminfo =
            |node: u32| std::fs::read_to_string(format!("/sys/devices/system/node/node{node}/meminfo"));
        let totals = (0..1024).map_while(|node| meminfo_bytes(&meminfo(node).ok()?, "MemTotal:"));
        let (total, Some(host_total), Some(host)) = (totals.sum::<u64>(), total_of_host(), of_host()) else {
            eprintln!("skipped: this kernel has no MemAvailable");
            return;
        };
        if total != host_total {
            eprintln!(
                "skipped: the nodes have {total} bytes and the host {host_total}: its memory is hot-plugged"
            );
            return;
        }
        let (sum, tolerance) = ((0..1024).map_while(of_node).sum::<u64>(), host / 10 + (64 << 20));
        assert!(sum.abs_diff(host) < tolerance, "nodes {sum}, host {host}");
    }
}
