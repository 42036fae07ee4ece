//! Runs whose speed is known, made up as ranks would leave them.

use std::path::{Path, PathBuf};

use numamark::aggregate::aggregate;
use numamark::mix::{Random, mix_words};
use numamark::record::{Begin, End, Header, Repetition};
use numamark::results::{RunDirectory, to_json};

use crate::fixture::{begin, end, header, repetition};

/// A made-up run that a test can change before it is written.
pub struct Made<'a> {
    pub ranks: u32,
    pub rounds: u32,
    /// Seed of the noise of single values, which is 0.2 %.
    pub seed: u64,
    /// Speed of each case, as a multiple of the usual speed.
    pub speed: &'a dyn Fn(&str) -> f64,
    pub header: &'a dyn Fn(&mut Header),
    pub begin: &'a dyn Fn(&mut Begin),
    /// Share of the time in which the workers had a CPU.
    pub cpu_share: f64,
    /// True when the ranks reached their end.
    pub whole: bool,
    /// True when `verify` will read it.
    pub proved: bool,
}

pub fn made(seed: u64) -> Made<'static> {
    Made {
        ranks: 2,
        rounds: 4,
        seed,
        speed: &|_| 1.0,
        header: &|_| {},
        begin: &|_| {},
        cpu_share: 1.0,
        whole: true,
        proved: false,
    }
}

impl Made<'_> {
    pub fn write(&self, path: &Path) -> PathBuf {
        let (directory, token) = RunDirectory::create(path).expect("a new directory");
        let mut head = header(self.ranks);
        head.repetitions = self.rounds;
        head.started = format!("2026-11-22T05:26:{:02}Z", self.seed % 60);
        (self.header)(&mut head);
        directory.write_header(&head).expect("a new file");
        for rank in 0..self.ranks {
            let mut first = Begin { job_hash: head.job_hash.clone(), ..begin(rank, self.ranks) };
            (self.begin)(&mut first);
            let mut part = RunDirectory::join(path, &token)
                .and_then(|directory| directory.part(&first))
                .expect("a part");
            for round in 1..=self.rounds {
                for case in &head.planned {
                    part.repetition(&self.repetition(&case.id, round, rank)).expect("room");
                }
            }
            if self.whole {
                part.end(&End { rounds: self.rounds, ..end(rank) }).expect("room");
            }
        }
        // Only run.json is read, and writing the tables takes time.
        let evidence = directory.evidence().expect("all its parts");
        let run = aggregate(&head, &evidence, None).expect("one run");
        if self.proved {
            directory.write_results(&run, &evidence).expect("room");
        } else {
            std::fs::write(directory.run(), to_json(&run)).expect("room");
        }
        path.to_owned()
    }

    /// One GiB/s, or an operation a nanosecond, times the speed of the case, with a little noise.
    fn repetition(&self, case: &str, round: u32, rank: u32) -> Repetition {
        let mut made = repetition(case, round, rank, self.seed);
        let word = mix_words(&[self.seed, case.len() as u64, u64::from(round - 1), u64::from(rank), 7]);
        let noise = f64::from(Random::new(word).below(1000)) / 1000.0 - 0.5;
        let amount = (made.bytes + made.operations) as f64;
        made.elapsed_ns = (amount / (self.speed)(case) * (1.0 + 0.004 * noise)) as u64;
        (made.worker_ns, made.cpu_ns) =
            (2 * made.elapsed_ns, (2.0 * made.elapsed_ns as f64 * self.cpu_share) as u64 - 1000);
        made
    }
}
