//! Peak of this process's resident memory, from the kernel.

/// The peak in bytes (`VmHWM` of `/proc/self/status`, Linux); `None` when the kernel does not give it.
pub fn resident_peak_bytes() -> Option<u64> {
    peak(&std::fs::read_to_string("/proc/self/status").ok()?)
}

fn peak(status: &str) -> Option<u64> {
    let field = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = field.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_read_in_bytes_or_not_at_all() {
        assert_eq!(peak("Name:\tx\nVmPeak:\t 9 kB\nVmHWM:\t    2048 kB\nVmRSS:\t 1 kB\n"), Some(2 << 20));
        for unreadable in ["", "VmHWM:\t\n", "VmHWM:\t12 MB\n", "VmHWM:\tmany kB\n"] {
            assert_eq!(peak(unreadable), None, "{unreadable:?}");
        }
    }

    #[test]
    #[cfg_attr(miri, ignore)]
    fn memory_that_is_written_shows_in_the_peak() {
        let Some(before) = resident_peak_bytes() else {
            return println!("skipped: no /proc/self/status here");
        };
        let written =
            vec![1u8; usize::try_from(before).expect("a process fits its address space") + (1 << 20)];
        assert!(resident_peak_bytes().is_some_and(|after| after > before), "{} bytes written", written.len());
    }
}
