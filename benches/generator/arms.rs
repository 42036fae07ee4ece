//! The arms of the benchmark, and one measurement of an arm.

use std::mem::MaybeUninit;
use std::ops::Range;
use std::time::Instant;

use dgen_data::{DataGenerator, GeneratorConfig, NumaMode};
use numamark::generator::{Compression, Dedup, Kernel, KernelName, Ratio, Shape, Stores, Stream, share};
use numamark::workload::barrier::Barrier;
use numamark::workload::limit::StoreLoop;

use crate::machine::{available_cpus, pin, process_core_s};

/// One side of a comparison.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Arm {
    /// This project's stream. Dedup ratio and unit, compression ratio and granule, all as a job writes them.
    Ours {
        name: &'static str,
        kernel: Option<KernelName>,
        dedup: (&'static str, u64),
        compress: (&'static str, u64),
    },
    /// The crate `dgen-data`, with its compression factor.
    Peer { name: &'static str, compress: usize },
    /// A loop that stores and computes nothing.
    Loop(StoreLoop),
}

/// One arm in one round.
#[derive(Clone, Copy, Default)]
pub struct Sample {
    pub bytes_per_s: f64,
    pub core_s_per_gib: f64,
}

impl Arm {
    /// Name in tables.
    pub fn name(&self) -> &'static str {
        match self {
            Arm::Ours { name, .. } | Arm::Peer { name, .. } => name,
            Arm::Loop(store_loop) => store_loop.name(),
        }
    }

    /// Stream and kernel of an arm that is this project's; `None` for other arms, and when this CPU cannot run the kernel.
    pub fn ours(&self) -> Option<(Stream, Kernel)> {
        let Arm::Ours { kernel, dedup, compress, .. } = self else { return None };
        let ratio = |text| Ratio::parse(text).expect("a ratio");
        let dedup = Dedup::new(ratio(dedup.0), dedup.1, None).expect("a unit");
        let compression = Compression::new(ratio(compress.0), compress.1, None).expect("a granule");
        let shape = Shape::new(Some(dedup), Some(compression)).expect("granules fit units");
        let kernel = kernel.map_or_else(|| Ok(Kernel::best()), Kernel::named).ok()?;
        Some((Stream::new(1, 2).shaped(shape), kernel))
    }

    /// Fills the chunk again and again.
    pub fn run(
        &self,
        chunk: &mut [MaybeUninit<u8>],
        workers: usize,
        stores: Stores,
        passes: usize,
    ) -> Sample {
        let chunk_bytes = chunk.len() as u64;
        match self {
            Arm::Ours { .. } => {
                let (stream, kernel) = self.ours().expect("arms without their kernel were left out");
                together(chunk, workers, passes, |pass, range, part| {
                    stream.fill(kernel, stores, pass as u64 * chunk_bytes + range.start as u64, part);
                })
            }
            Arm::Loop(store_loop) => {
                // Never zero: some CPUs send a line of zeros to memory as one word, three times as fast.
                together(chunk, workers, passes, |pass, _, part| store_loop.run(part, pass as u64 % 255 + 1))
            }
            Arm::Peer { compress, .. } => {
                // One chunk more: the first is not timed.
                let mut peer = peer(chunk.len() * (passes + 1), workers, *compress);
                let chunk = as_written(chunk);
                assert_eq!(peer.fill_chunk(chunk), chunk.len());
                timed(chunk.len(), passes, |_| assert_eq!(peer.fill_chunk(chunk), chunk.len()))
            }
        }
    }
}

/// The peer as its documentation recommends it for one process: without its own NUMA placement, one thread per worker.
pub fn peer(size: usize, workers: usize, compress: usize) -> DataGenerator {
    DataGenerator::new(GeneratorConfig {
        size,
        compress_factor: compress,
        numa_mode: NumaMode::Disabled,
        max_threads: Some(workers),
        seed: Some(1),
        ..GeneratorConfig::default()
    })
}

/// Pinned workers, each with its own part of the chunk, meeting after every chunk. The first pass is not timed.
pub fn together(
    chunk: &mut [MaybeUninit<u8>],
    workers: usize,
    passes: usize,
    fill: impl Fn(usize, &Range<usize>, &mut [MaybeUninit<u8>]) + Sync,
) -> Sample {
    let barrier = Barrier::new(u32::try_from(workers).expect("few workers"));
    let cpus = available_cpus();
    let mut rest = chunk;
    let chunk_bytes = rest.len();
    let mut samples: Vec<Sample> = std::thread::scope(|scope| {
        let mut started = Vec::new();
        for index in 0..workers {
            let range = share(chunk_bytes, index, workers);
            let (part, later) = std::mem::take(&mut rest).split_at_mut(range.len());
            rest = later;
            let (barrier, fill, cpus) = (&barrier, &fill, &cpus);
            started.push(scope.spawn(move || {
                pin(cpus[index]);
                fill(passes, &range, part);
                barrier.wait().expect("nobody fails");
                timed(chunk_bytes, passes, |pass| {
                    fill(pass, &range, part);
                    barrier.wait().expect("nobody fails");
                })
            }));
        }
        started.into_iter().map(|worker| worker.join().expect("no panic")).collect()
    });
    // The lowest rate of all workers. The CPU time is that of the whole process, which each worker read.
    samples.sort_by(|a, b| a.bytes_per_s.total_cmp(&b.bytes_per_s));
    samples[0]
}

/// The rate of the median chunk. On a shared machine some chunks of every arm wait for a CPU, and a mean would depend
/// on their number.
fn timed(chunk_bytes: usize, passes: usize, mut fill: impl FnMut(usize)) -> Sample {
    let mut chunk_s = Vec::with_capacity(passes);
    let core_start = process_core_s();
    for pass in 0..passes {
        let start = Instant::now();
        fill(pass);
        chunk_s.push(start.elapsed().as_secs_f64());
    }
    let core_s = process_core_s() - core_start;
    chunk_s.sort_unstable_by(f64::total_cmp);
    let gib = (chunk_bytes * passes) as f64 / (1u64 << 30) as f64;
    Sample { bytes_per_s: chunk_bytes as f64 / chunk_s[passes / 2], core_s_per_gib: core_s / gib }
}

/// Memory that was populated before the first arm ran.
pub fn as_written(memory: &mut [MaybeUninit<u8>]) -> &mut [u8] {
    // SAFETY: `main` wrote every byte before the first call, and a written byte stays initialised.
    unsafe { &mut *(std::ptr::from_mut(memory) as *mut [u8]) }
}
