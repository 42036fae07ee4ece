//! Tasks that share a CPU of this host.

/// Tasks of this host that ran or could run in the last minute, per CPU online; 1 where the kernel does not tell.
///
/// A container and a batch job see the whole host here, which is what they share. The mean of a minute is the same for all
/// ranks of a host. What runs at one moment is not: each watchdog would meet others that wake with it.
pub(super) fn tasks_per_cpu() -> f64 {
    let tasks = std::fs::read_to_string("/proc/loadavg").ok().and_then(|text| load(&text));
    let cpus = std::fs::read_to_string("/sys/devices/system/cpu/online").ok().and_then(|text| count(&text));
    tasks.zip(cpus).map_or(1.0, |(tasks, cpus)| tasks / f64::from(cpus))
}

/// The first field of `/proc/loadavg`, the mean of about a minute.
fn load(loadavg: &str) -> Option<f64> {
    loadavg.split_whitespace().next()?.parse().ok()
}

/// Number of CPUs of a kernel's list such as `0-3,8`, at least 1.
fn count(list: &str) -> Option<u32> {
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        last.parse::<u32>().ok()?.checked_sub(first.parse().ok()?)?.checked_add(1)
    };
    list.trim().split(',').map(range).sum::<Option<u32>>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_words_are_understood() {
        assert_eq!(load("22.96 49.14 58.66 17/412 23703\n"), Some(22.96));
        assert_eq!([load(""), load("x 49.14")], [None; 2]);
        assert_eq!(count("0\n"), Some(1));
        assert_eq!(count("0-3,8,10-11\n"), Some(7));
        assert_eq!([count(""), count("3-0"), count("x")], [None; 3]);
    }
}
