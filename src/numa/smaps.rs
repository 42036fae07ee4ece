//! The amount of a range that huge pages really back: a request for huge pages guarantees nothing.

use super::numa_maps::mapping;

/// Bytes of the range that transparent huge pages back, from `/proc/self/smaps`. `None` when the kernel gives no
/// figure, or when a mapping reaches beyond the range, because its figure would include other memory.
pub fn huge_page_bytes(base: *const u8, bytes: usize) -> Option<u64> {
    let smaps = std::fs::read_to_string("/proc/self/smaps").ok()?;
    count(&smaps, base as usize, base as usize + bytes)
}

fn count(smaps: &str, first: usize, end: usize) -> Option<u64> {
    let (mut inside, mut found, mut total) = (false, false, 0u64);
    for line in smaps.lines() {
        if let Some((start, stop)) = mapping(line) {
            inside = start < end && first < stop;
            if inside && (start < first || end < stop) {
                return None;
            }
        } else if let (true, Some(size)) = (inside, line.strip_prefix("AnonHugePages:")) {
            let kib: u64 = size.trim().strip_suffix(" kB")?.parse().ok()?;
            total += kib * 1024;
            found = true;
        }
    }
    found.then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numa::Reservation;

    const SMAPS: &str = "1000-3000 rw-p 0 00:00 0 [heap]\nAnonHugePages:    2048 kB\nVmFlags: rd wr\n\
        400000-600000 rw-p 0 00:00 0\nSize: 2048 kB\nAnonHugePages:    2048 kB\n\
        600000-a00000 rw-p 0 00:00 0 \nAnonHugePages:       0 kB\n";

    #[test]
    fn huge_pages_are_summed_over_the_mappings_of_the_range() {
        assert_eq!(count(SMAPS, 0x400000, 0xa00000), Some(2 << 20));
        assert_eq!(count(SMAPS, 0x600000, 0xa00000), Some(0));
        assert_eq!(count(SMAPS, 0x401000, 0xa00000), None, "a mapping reaches beyond the range");
        assert_eq!(count(SMAPS, 0xb00000, 0xc00000), None, "nothing is mapped there");
    }

    #[test]
    fn untouched_memory_has_no_huge_pages_and_touched_memory_not_more_than_its_size() {
        let memory = Reservation::new(8 << 20).expect("8 MiB");
        let Some(before) = huge_page_bytes(memory.base().as_ptr(), memory.bytes()) else {
            eprintln!("skipped: no smaps, or the range shares a mapping");
            return;
        };
        assert_eq!(before, 0);
        // SAFETY: the whole of a live reservation.
        #[allow(unsafe_code)]
        unsafe {
            memory.base().as_ptr().write_bytes(1, memory.bytes());
        }
        let after = huge_page_bytes(memory.base().as_ptr(), memory.bytes());
        assert!(after.is_none_or(|huge| huge <= memory.bytes() as u64), "{after:?}");
        println!("{after:?} of {} bytes are in huge pages", memory.bytes());
    }
}
