//! Counters of short-lived threads: each thread is read just before it ends, so the reading covers its whole life.

use super::WorkerNoise;
use super::thread::{Switches, cpu_ns, switches};

/// Sums over the threads that were the same worker, one after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ThreadLife {
    cpu_ns: u64,
    switches: Switches,
}

impl ThreadLife {
    /// Adds the counts of the calling thread from its beginning until now. Costs two system calls.
    pub fn add_own(&mut self) {
        let Switches { involuntary, voluntary, minor_faults, major_faults } = switches();
        self.cpu_ns += cpu_ns();
        self.switches.involuntary += involuntary;
        self.switches.voluntary += voluntary;
        self.switches.minor_faults += minor_faults;
        self.switches.major_faults += major_faults;
    }

    /// The noise of a worker that started these threads and waited for their ends, with theirs. Run delay and migrations
    /// are unknown, as in [`ThreadLife::noise`].
    pub fn with(&self, starter: WorkerNoise) -> WorkerNoise {
        let Switches { involuntary, voluntary, minor_faults, major_faults } = self.switches;
        WorkerNoise {
            cpu_ns: starter.cpu_ns + self.cpu_ns,
            involuntary_switches: starter.involuntary_switches + involuntary,
            voluntary_switches: starter.voluntary_switches + voluntary,
            minor_faults: starter.minor_faults + minor_faults,
            major_faults: starter.major_faults + major_faults,
            migrations: None,
            run_delay_ns: None,
            ..starter
        }
    }

    /// The noise of a worker with a timed region of `wall_ns`. Run delay and migrations are unknown: reading their
    /// files takes as long as a thread lives.
    pub fn noise(&self, wall_ns: u64, [probe_before_ns, probe_after_ns]: [f64; 2]) -> WorkerNoise {
        let Switches { involuntary, voluntary, minor_faults, major_faults } = self.switches;
        WorkerNoise {
            cpu_ns: self.cpu_ns,
            wall_ns,
            involuntary_switches: involuntary,
            voluntary_switches: voluntary,
            minor_faults,
            major_faults,
            migrations: None,
            run_delay_ns: None,
            probe_before_ns,
            probe_after_ns,
        }
    }
}

#[cfg(all(test, not(miri)))]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn threads_that_have_ended_are_counted() {
        let mut life = ThreadLife::default();
        for _ in 0..3 {
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    let began = Instant::now();
                    while super::cpu_ns() < 2_000_000 && began.elapsed() < Duration::from_secs(1200) {
                        std::hint::spin_loop();
                    }
                    std::thread::sleep(Duration::from_millis(1));
                    life.add_own();
                });
            });
        }
        let noise = life.noise(50_000_000, [3.0, 4.0]);
        assert!(noise.cpu_ns >= 6_000_000, "{noise:?}");
        assert!(noise.voluntary_switches >= 3, "each slept: {noise:?}");
        assert_eq!((noise.wall_ns, noise.migrations, noise.run_delay_ns), (50_000_000, None, None));
        assert_eq!([noise.probe_before_ns, noise.probe_after_ns], [3.0, 4.0]);
        let starter = WorkerNoise { cpu_ns: 5, wall_ns: 9, migrations: Some(1), ..noise };
        let both = life.with(starter);
        assert_eq!((both.cpu_ns, both.wall_ns, both.migrations), (noise.cpu_ns + 5, 9, None));
        assert_eq!(both.voluntary_switches, 2 * noise.voluntary_switches);
    }
}
