//! The arms: our stream in all its shapes, the peer, and loops that store and compute nothing, over the same memory.

use std::hint::black_box;
use std::mem::MaybeUninit;
use std::ops::Range;
use std::time::Instant;

use dgen_data::{DataGenerator, GeneratorConfig, NumaMode};
use numamark::generator::{Digest, Kernel, KernelName, Shape, Stores, Stream, share};
use numamark::workload::barrier::Barrier;
use numamark::workload::limit::StoreLoop;

use crate::machine::{as_written, pin, process_core_s};

/// One side of a ratio.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Arm {
    /// The stream of this shape from this offset on.
    Ours { kernel: Kernel, shape: Shape, stores: Stores, from: u64 },
    /// `dgen-data` with this compression factor.
    Peer { compress: usize },
    /// Stores alone.
    Loop(StoreLoop),
}

/// One arm in one round.
#[derive(Clone, Copy, Default)]
pub struct Sample {
    pub bytes_per_s: f64,
    pub core_s_per_gib: f64,
}

const SEED: u64 = 1;
const STREAM: u64 = 2;

impl Arm {
    /// The plain stream with the widest kernel.
    pub fn plain(stores: Stores) -> Arm {
        Arm::Ours { kernel: Kernel::best(), shape: Shape::PLAIN, stores, from: 0 }
    }

    /// Fills the chunk `passes` times, and once before that is not timed.
    pub fn run(self, chunk: &mut [MaybeUninit<u8>], workers: usize, passes: usize) -> Sample {
        let chunk_bytes = chunk.len() as u64;
        match self {
            Arm::Ours { kernel, shape, stores, from } => {
                let stream = Stream::new(SEED, STREAM).shaped(shape);
                together(chunk, workers, passes, |pass, range, part| {
                    let offset = from + pass as u64 * chunk_bytes + range.start as u64;
                    black_box(stream.fill(kernel, stores, offset, part));
                })
            }
            Arm::Loop(store_loop) => {
                together(chunk, workers, passes, |pass, _, part| store_loop.run(part, pass as u64))
            }
            Arm::Peer { compress } => {
                let mut peer = peer(chunk.len() * (passes + 1), workers, compress);
                let chunk = as_written(chunk);
                assert_eq!(peer.fill_chunk(chunk), chunk.len());
                timed(chunk.len(), passes, |_| assert_eq!(peer.fill_chunk(chunk), chunk.len()))
            }
        }
    }

    /// Whole chunks are what they should be, over two different earlier contents.
    pub fn verify(self, chunk: &mut [MaybeUninit<u8>], workers: usize) {
        let over = |before: u8, chunk: &mut [MaybeUninit<u8>]| {
            chunk.fill(MaybeUninit::new(before));
            self.run(chunk, workers, 1);
        };
        match self {
            Arm::Ours { shape, from, .. } => {
                let scalar = Kernel::named(KernelName::Scalar).expect("runs everywhere");
                let stream = Stream::new(SEED, STREAM).shaped(shape);
                for before in [0x00, 0xFF] {
                    over(before, chunk);
                    let checked = stream.verify(scalar, from, as_written(chunk));
                    checked.expect("the scalar kernel says otherwise");
                }
            }
            Arm::Peer { .. } => {
                let digests = [0xFF, 0x00].map(|before| {
                    over(before, chunk);
                    let mut digest = Digest::new();
                    digest.add(0, as_written(chunk));
                    digest
                });
                assert_eq!(digests[0], digests[1], "dgen-data left bytes unwritten");
            }
            Arm::Loop(store_loop) => {
                for before in [0x00, 0xFF] {
                    chunk.fill(MaybeUninit::new(before));
                    together(chunk, workers, 1, |_, _, part| store_loop.run(part, 0x0101_0101_0101_0101));
                    let whole = as_written(chunk).iter().all(|byte| *byte == 1);
                    assert!(whole, "{} left bytes unwritten", store_loop.name());
                }
            }
        }
    }
}

/// Each worker touches the part it will fill, so that memory is where it would be in a run.
pub fn populate(memory: &mut [MaybeUninit<u8>], workers: usize) {
    together(memory, workers, 1, |_, _, part| StoreLoop::Memset.run(part, 0));
}

fn peer(size: usize, workers: usize, compress_factor: usize) -> DataGenerator {
    DataGenerator::new(GeneratorConfig {
        size,
        compress_factor,
        numa_mode: NumaMode::Disabled,
        max_threads: Some(workers),
        seed: Some(SEED),
        ..GeneratorConfig::default()
    })
}

/// Pinned workers, each with its own part of the chunk, meeting after every chunk. The first pass is not timed; the last
/// that is timed is pass 0, which is what `verify` looks at.
fn together(
    chunk: &mut [MaybeUninit<u8>],
    workers: usize,
    passes: usize,
    fill: impl Fn(usize, &Range<usize>, &mut [MaybeUninit<u8>]) + Sync,
) -> Sample {
    let barrier = Barrier::new(u32::try_from(workers).expect("few workers"));
    let mut rest = chunk;
    let chunk_bytes = rest.len();
    let mut samples: Vec<Sample> = std::thread::scope(|scope| {
        let mut started = Vec::new();
        for index in 0..workers {
            let range = share(chunk_bytes, index, workers);
            let (part, later) = std::mem::take(&mut rest).split_at_mut(range.len());
            rest = later;
            let (barrier, fill) = (&barrier, &fill);
            started.push(scope.spawn(move || {
                pin(index);
                fill(passes, &range, part);
                barrier.wait().expect("nobody fails");
                timed(chunk_bytes, passes, |pass| {
                    fill(passes - 1 - pass, &range, part);
                    barrier.wait().expect("nobody fails");
                })
            }));
        }
        started.into_iter().map(|worker| worker.join().expect("no panic")).collect()
    });
    // The slowest clock of all; the CPU time is the whole process's, as each of them read it.
    samples.sort_by(|a, b| a.bytes_per_s.total_cmp(&b.bytes_per_s));
    samples[0]
}

/// The rate of the median chunk: on a shared machine some chunks wait for a CPU, in every arm, and a mean would
/// say how many.
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
