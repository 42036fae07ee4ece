//! Locality when `move_pages` is forbidden: the kernel's page counts in `/proc/self/numa_maps`.
//!
//! Containers that forbid the system call still show the file (for example with Docker's default seccomp filter). It
//! gives the start of each mapping and its number of pages on each node; `/proc/self/maps` gives the end.

use std::collections::HashMap;

use super::page::PageCounts;

/// Counts all pages of the range. `None` when there is no such file, or when a mapping reaches beyond the range,
/// because its counts would include other memory.
pub(super) fn locality(first: usize, pages: usize, page_bytes: usize, own: u32) -> Option<PageCounts> {
    let numa_maps = std::fs::read_to_string("/proc/self/numa_maps").ok()?;
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    count(&numa_maps, &maps, first, pages, page_bytes, own)
}

fn count(
    numa_maps: &str,
    maps: &str,
    first: usize,
    pages: usize,
    page_bytes: usize,
    own: u32,
) -> Option<PageCounts> {
    let end = first + pages * page_bytes;
    let counts: HashMap<usize, &str> = numa_maps.lines().filter_map(numa_line).collect();
    let mut locality = PageCounts::default();
    for (start, stop) in
        maps.lines().filter_map(mapping).filter(|(start, stop)| *start < end && first < *stop)
    {
        if start < first || end < stop {
            return None;
        }
        let words = counts.get(&start)?;
        let size = |word: &str| word.strip_prefix("kernelpagesize_kB=")?.parse::<usize>().ok();
        let scale = words.split_whitespace().find_map(size).map_or(1, |kib| kib * 1024 / page_bytes);
        for (node, found) in words.split_whitespace().filter_map(node_count) {
            match node == own {
                true => locality.local_pages += found * scale as u64,
                false => locality.remote_pages += found * scale as u64,
            }
        }
    }
    let present = locality.local_pages + locality.remote_pages;
    locality.absent_pages = (pages as u64).checked_sub(present)?;
    Some(locality)
}

/// Splits `7f0000200000 bind:3 anon=512 N3=512 kernelpagesize_kB=4` into the start and the words after it.
fn numa_line(line: &str) -> Option<(usize, &str)> {
    let (start, words) = line.split_once(' ')?;
    Some((usize::from_str_radix(start, 16).ok()?, words))
}

/// Reads start and end from `7f0000200000-7f0000400000 rw-p ...`.
pub(super) fn mapping(line: &str) -> Option<(usize, usize)> {
    let (start, rest) = line.split_once('-')?;
    let (end, _) = rest.split_once(' ')?;
    Some((usize::from_str_radix(start, 16).ok()?, usize::from_str_radix(end, 16).ok()?))
}

/// Reads the node and its number of pages from `N3=512`.
fn node_count(word: &str) -> Option<(u32, u64)> {
    let (node, pages) = word.strip_prefix('N')?.split_once('=')?;
    Some((node.parse().ok()?, pages.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAPS: &str =
        "1000-3000 rw-p 0 00:00 0 \n400000-600000 rw-p 0 00:00 0 \n600000-a00000 rw-p 0 00:00 0 [x]\n";
    const NUMA_MAPS: &str = "1000 default anon=2 N0=2 kernelpagesize_kB=4\n\
        400000 bind:3 anon=512 dirty=512 N3=500 N0=12 kernelpagesize_kB=4\n\
        600000 bind:3 huge anon=1 N3=1 kernelpagesize_kB=2048\n";

    #[test]
    fn pages_are_counted_over_all_mappings_of_the_range_in_os_pages() {
        let found = count(NUMA_MAPS, MAPS, 0x400000, 1536, 4096, 3).expect("two whole mappings");
        assert_eq!((found.local_pages, found.remote_pages, found.absent_pages), (500 + 512, 12, 512));
    }

    #[test]
    fn a_mapping_that_is_not_the_ranges_alone_gives_no_answer() {
        assert_eq!(count(NUMA_MAPS, MAPS, 0x401000, 511, 4096, 3), None);
        assert_eq!(count(NUMA_MAPS, MAPS, 0x400000, 1000, 4096, 3), None);
        assert_eq!(count("", MAPS, 0x400000, 512, 4096, 3), None);
    }
}
