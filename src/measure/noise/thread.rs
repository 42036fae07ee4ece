//! The kernel's counters of the calling thread, read outside a timed region just before and after it.
//!
//! CPU time, switches and faults cost a system call (0.5 us each). Run delay and migrations are files that the kernel
//! generates on each read (2 and 20 us); not every machine has these two.
#![allow(unsafe_code)]

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::measure::Ticks;

/// The counters of one thread at one moment, each counted since the thread began.
#[derive(Clone, Copy, Debug)]
pub struct ThreadCounts {
    pub(super) at: Ticks,
    pub(super) cpu_ns: u64,
    pub(super) switches: Switches,
    pub(super) migrations: Option<u64>,
    pub(super) run_delay_ns: Option<u64>,
}

/// The counts that `getrusage` gives for a thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Switches {
    pub(super) involuntary: u64,
    pub(super) voluntary: u64,
    pub(super) minor_faults: u64,
    pub(super) major_faults: u64,
}

/// Number of times the thread moved from one CPU to another.
pub(super) fn migrations(root: &Path) -> Result<u64, String> {
    let path = "proc/thread-self/sched";
    // The file has three kilobytes on one node, and one more line for each further node. The wanted line is among the
    // first ten.
    let mut buffer = [0; 4096];
    let text = head(root, path, &mut buffer)?;
    let line = text.lines().find(|line| line.starts_with("se.nr_migrations"));
    let count = line.and_then(|line| line.rsplit(':').next()?.trim().parse().ok());
    count.ok_or_else(|| format!("/{path} has no se.nr_migrations"))
}

/// Time in which the thread was ready to run and waited for a CPU.
pub(super) fn run_delay_ns(root: &Path) -> Result<u64, String> {
    let path = "proc/thread-self/schedstat";
    let mut buffer = [0; 128];
    let text = head(root, path, &mut buffer)?;
    // The kernel writes "0 0 0" when it keeps no statistics; the reading thread has run, so its counts cannot all be 0.
    if text.trim() == "0 0 0" {
        return Err(format!(
            "/{path}: the kernel keeps no scheduling statistics (sysctl kernel.task_delayacct=1)"
        ));
    }
    let delay = text.split_whitespace().nth(1).and_then(|delay| delay.parse().ok());
    delay.ok_or_else(|| format!("/{path} is not three numbers"))
}

/// Reads the beginning of a file without allocating a buffer.
fn head<'buffer>(root: &Path, path: &str, buffer: &'buffer mut [u8]) -> Result<&'buffer str, String> {
    let failed = |why: std::io::Error| format!("/{path}: {why}");
    let mut file = File::open(root.join(path)).map_err(failed)?;
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]).map_err(failed)? {
            0 => break,
            count => filled += count,
        }
    }
    // A character cut in two at the end does no harm: the wanted text is ASCII and comes before it.
    let text = &buffer[..filled];
    match std::str::from_utf8(text) {
        Ok(text) => Ok(text),
        Err(why) => Ok(std::str::from_utf8(&text[..why.valid_up_to()]).expect("valid up to there")),
    }
}

/// CPU time of the calling thread in nanoseconds, since it began.
pub(super) fn cpu_ns() -> u64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` is a local timespec that may be written; this clock exists since Linux 2.6.12.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut now) };
    assert_eq!(failed, 0, "every Linux thread has a CPU clock");
    u64::try_from(now.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(now.tv_nsec).unwrap_or(0)
}

pub(super) fn switches() -> Switches {
    // SAFETY: a rusage holds only integers, and all-zero bytes are a valid value of them.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: `usage` is a local variable that may be written; RUSAGE_THREAD exists since Linux 2.6.26.
    let failed = unsafe { libc::getrusage(libc::RUSAGE_THREAD, &raw mut usage) };
    assert_eq!(failed, 0, "every Linux thread has resource counts");
    let count = |value: libc::c_long| u64::try_from(value).unwrap_or(0);
    Switches {
        involuntary: count(usage.ru_nivcsw),
        voluntary: count(usage.ru_nvcsw),
        minor_faults: count(usage.ru_minflt),
        major_faults: count(usage.ru_majflt),
    }
}

#[cfg(all(test, not(miri)))]
mod tests {
    use super::*;
    use crate::made_up::Files;

    #[test]
    fn a_counter_that_its_file_lacks_is_an_error_with_the_file() {
        let files = Files::new("thread", &[]);
        let root = &files.root;
        let write = |name: &str, text: &str| files.write(&format!("proc/thread-self/{name}"), text);
        assert!(migrations(root).expect_err("no file").starts_with("/proc/thread-self/sched: "));
        write("sched", "work (1, #threads: 1)\n---\nse.nr_migrations      :        41\n");
        assert_eq!(migrations(root), Ok(41));
        // Longer than the buffer, and cut inside a character.
        write("sched", &format!("se.nr_migrations : 7\n{}{}", "x".repeat(4074), "é".repeat(9)));
        assert_eq!(migrations(root), Ok(7));
        write("sched", "se.exec_start : 7\n");
        assert_eq!(migrations(root).expect_err("no line"), "/proc/thread-self/sched has no se.nr_migrations");
        write("schedstat", "1035 90017 3\n");
        assert_eq!(run_delay_ns(root), Ok(90_017));
        write("schedstat", "0 0 0\n");
        assert!(run_delay_ns(root).expect_err("off").contains("keeps no scheduling statistics"));
        for broken in ["", "7\n", "7 x 3\n"] {
            write("schedstat", broken);
            assert!(run_delay_ns(root).expect_err(broken).contains("is not three numbers"), "{broken:?}");
        }
    }
}
