//! How fast chunks are filled, against the crate `dgen-data` and against loops that store and compute nothing.
//!
//! `cargo bench --bench generator --features peers`. All arms run in turn, in shuffled order, over the same pages in the same
//! process; a row gives medians and what the ratio of one round was, never the ratio of two days. Outputs are
//! verified first. Without `--bench` (as `cargo test` starts it) it verifies and measures nothing.

use std::mem::MaybeUninit;
use std::ops::Range;
use std::time::Instant;

use dgen_data::{DataGenerator, GeneratorConfig, NumaMode};
use numamark::generator::{Kernel, KernelName, Stores, Stream, share};
use numamark::mix::Random;
use numamark::numa::Reservation;
use numamark::units::{Bytes, human_rate, three_digits};
use numamark::workload::barrier::Barrier;
use numamark::workload::limit::StoreLoop;

const CHUNKS: [usize; 6] = [4 << 20, 8 << 20, 16 << 20, 64 << 20, 128 << 20, 256 << 20];
/// Written by an arm in a round: long against a scheduling slice, short enough that the arms of one round meet
/// the same neighbours on the machine.
const BYTES_A_ROUND: usize = 1 << 30;
/// Of 25 ordered values the 8th and the 18th enclose the true median with 95.7 % (binomial), whatever the noise.
const ROUNDS: usize = 25;
const LOW: usize = 7;
const HIGH: usize = 17;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Arm {
    Ours,
    Peer,
    Loop(StoreLoop),
}

const ARMS: [Arm; 5] = [
    Arm::Ours,
    Arm::Peer,
    Arm::Loop(StoreLoop::Memset),
    Arm::Loop(StoreLoop::Ordinary),
    Arm::Loop(StoreLoop::NonTemporal),
];

/// One arm in one round.
#[derive(Clone, Copy, Default)]
struct Sample {
    bytes_per_s: f64,
    core_s_per_gib: f64,
}

fn main() {
    let most_workers = available_cpus().len().min(2);
    // SAFETY: no other thread has been started yet; the peer reads it when its pool is built.
    unsafe { std::env::set_var("DGEN_THREADS", most_workers.to_string()) };
    let largest = CHUNKS[CHUNKS.len() - 1];
    let reservation = Reservation::new(largest).expect("256 MiB of address space");
    // SAFETY: the reservation is ours alone, this long, and lives as long as this function.
    let memory = unsafe { std::slice::from_raw_parts_mut(reservation.base().as_ptr().cast(), largest) };
    populate(memory, most_workers);
    let (kernel, l3_bytes) = (Kernel::best().name(), l3_bytes());
    let measure = std::env::args().any(|argument| argument == "--bench");
    if measure {
        println!("kernel {kernel}, L3 {}, {ROUNDS} rounds, GiB/s, median [95 %]", Bytes(l3_bytes));
    }
    for workers in (1..=most_workers).rev() {
        if measure {
            println!("\n{workers} pinned worker(s)");
            println!(
                " chunk stores        ours  dgen  ours / dgen      best store loop    ours / loop       core-s/GiB     target"
            );
        }
        for chunk_bytes in CHUNKS {
            let chunk = &mut memory[..chunk_bytes];
            let stores = Stores::choose(chunk_bytes as u64, l3_bytes);
            verify(chunk, workers, stores);
            if measure {
                report(chunk_bytes, workers, stores, &rounds(chunk, workers, stores));
            }
        }
    }
    println!("all outputs verified");
}

/// Every arm once a round; `[round][arm]`.
fn rounds(chunk: &mut [MaybeUninit<u8>], workers: usize, stores: Stores) -> Vec<[Sample; ARMS.len()]> {
    let mut random = Random::new(chunk.len() as u64);
    let passes = (BYTES_A_ROUND / chunk.len()).max(1);
    let mut one_round = |_| {
        let mut order: Vec<usize> = (0..ARMS.len()).collect();
        random.shuffle(&mut order);
        let mut samples = [Sample::default(); ARMS.len()];
        for arm in order {
            samples[arm] = run(ARMS[arm], chunk, workers, stores, passes);
        }
        samples
    };
    (0..ROUNDS).map(&mut one_round).collect()
}

fn run(arm: Arm, chunk: &mut [MaybeUninit<u8>], workers: usize, stores: Stores, passes: usize) -> Sample {
    let chunk_bytes = chunk.len() as u64;
    match arm {
        Arm::Ours => {
            let (stream, kernel) = (Stream::new(1, 2), Kernel::best());
            together(chunk, workers, passes, |pass, range, part| {
                stream.fill(kernel, stores, pass as u64 * chunk_bytes + range.start as u64, part);
            })
        }
        Arm::Loop(store_loop) => {
            together(chunk, workers, passes, |pass, _, part| store_loop.run(part, pass as u64))
        }
        Arm::Peer => {
            // One chunk more: the first is not timed.
            let mut peer = peer(chunk.len() * (passes + 1), workers);
            let chunk = as_written(chunk);
            assert_eq!(peer.fill_chunk(chunk), chunk.len());
            timed(chunk.len(), passes, |_| assert_eq!(peer.fill_chunk(chunk), chunk.len()))
        }
    }
}

/// Pinned workers, each with its own part of the chunk, meeting after every chunk. The first pass is not timed.
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
                    fill(pass, &range, part);
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

/// Whole chunks of every arm are what they should be, over two different earlier contents.
fn verify(chunk: &mut [MaybeUninit<u8>], workers: usize, stores: Stores) {
    let scalar = Kernel::named(KernelName::Scalar).expect("runs everywhere");
    for before in [0x00, 0xFF] {
        chunk.fill(MaybeUninit::new(before));
        run(Arm::Ours, chunk, workers, stores, 1);
        let checked = Stream::new(1, 2).verify(scalar, 0, as_written(chunk));
        checked.expect("the scalar kernel says otherwise");
    }
    let mut digests = [0xFF, 0x00].map(|before| {
        chunk.fill(MaybeUninit::new(before));
        let chunk = as_written(chunk);
        assert_eq!(peer(chunk.len(), workers).fill_chunk(chunk), chunk.len());
        let mut digest = numamark::generator::Digest::new();
        digest.add(0, chunk);
        digest
    });
    digests.sort_by_key(|digest| digest.to_hex());
    assert_eq!(digests[0], digests[1], "dgen-data left bytes unwritten");
    for store_loop in StoreLoop::ALL {
        let word = 0x0101_0101_0101_0101;
        together(chunk, workers, 1, |_, _, part| store_loop.run(part, word));
        assert!(
            as_written(chunk).iter().all(|byte| *byte == 1),
            "{} left bytes unwritten",
            store_loop.name()
        );
    }
}

fn peer(size: usize, workers: usize) -> DataGenerator {
    DataGenerator::new(GeneratorConfig {
        size,
        numa_mode: NumaMode::Disabled,
        max_threads: Some(workers),
        seed: Some(1),
        ..GeneratorConfig::default()
    })
}

fn report(chunk_bytes: usize, workers: usize, stores: Stores, rounds: &[[Sample; ARMS.len()]]) {
    let rate = |arm: usize| spread(rounds.iter().map(|round| round[arm].bytes_per_s)).1;
    let ratio = |arm: usize| spread(rounds.iter().map(|round| round[0].bytes_per_s / round[arm].bytes_per_s));
    let core = |arm: usize| spread(rounds.iter().map(|round| round[arm].core_s_per_gib)).1;
    let best = (2..ARMS.len()).max_by(|a, b| rate(*a).total_cmp(&rate(*b))).expect("three loops");
    let Arm::Loop(best_loop) = ARMS[best] else { unreachable!("the loops come last") };
    let shown = |(low, median, high)| {
        format!("{} [{} {}]", three_digits(median), three_digits(low), three_digits(high))
    };
    println!(
        "{:>6} {stores:12} {:>5} {:>5}  {:16} {:>5} {:12} {:16}  {:.4} {:.4}  {}",
        Bytes(chunk_bytes as u64),
        human_rate(rate(0)),
        human_rate(rate(1)),
        shown(ratio(1)),
        human_rate(rate(best)),
        best_loop.name(),
        shown(ratio(best)),
        core(0),
        core(1),
        target(chunk_bytes, workers, ratio(1).1, ratio(best).1)
    );
}

/// What the project promises for two workers.
fn target(chunk_bytes: usize, workers: usize, to_peer: f64, to_loop: f64) -> String {
    let (what, least, found) = match chunk_bytes {
        _ if workers != 2 => return String::new(),
        small if small <= 16 << 20 => (">= 4.0 x dgen", 4.0, to_peer),
        large if large >= 128 << 20 => (">= 0.9 x loop", 0.9, to_loop),
        _ => return String::new(),
    };
    format!("{what}: {}", if found >= least { "met" } else { "NOT MET" })
}

/// Median and the bounds of its 95 % interval, as (low, median, high).
fn spread(values: impl Iterator<Item = f64>) -> (f64, f64, f64) {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    (values[LOW], values[ROUNDS / 2], values[HIGH])
}

/// Each worker touches the part it will fill, so that memory is where it would be in a run.
fn populate(memory: &mut [MaybeUninit<u8>], workers: usize) {
    together(memory, workers, 1, |_, _, part| StoreLoop::Memset.run(part, 0));
}

/// Memory that `populate` has written.
fn as_written(memory: &mut [MaybeUninit<u8>]) -> &mut [u8] {
    // SAFETY: `populate` wrote every byte before anybody came here, and nobody can unwrite one.
    unsafe { &mut *(std::ptr::from_mut(memory) as *mut [u8]) }
}

/// The CPUs this process may use, by the kernel's index.
fn available_cpus() -> Vec<usize> {
    // SAFETY: an all-zero set is a valid, empty one.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: the set is ours to write and its size is given.
    let failed = unsafe { libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &mut set) };
    assert_eq!(failed, 0, "sched_getaffinity: {}", std::io::Error::last_os_error());
    let limit = usize::try_from(libc::CPU_SETSIZE).expect("a small number");
    // SAFETY: the indices are below the size of the set.
    (0..limit).filter(|cpu| unsafe { libc::CPU_ISSET(*cpu, &set) }).collect()
}

/// Pins the calling thread to the CPU of this worker.
fn pin(index: usize) {
    let cpus = available_cpus();
    // SAFETY: an all-zero set is a valid, empty one, the index is one the kernel gave, and the size is given.
    let failed = unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(cpus[index], &mut set);
        libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &set)
    };
    assert_eq!(failed, 0, "sched_setaffinity: {}", std::io::Error::last_os_error());
}

/// CPU time of all threads of this process, in seconds.
fn process_core_s() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the structure is ours to write.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    assert_eq!(failed, 0, "clock_gettime: {}", std::io::Error::last_os_error());
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// The last-level cache of CPU 0; 0 where the kernel does not say.
fn l3_bytes() -> u64 {
    let text = std::fs::read_to_string("/sys/devices/system/cpu/cpu0/cache/index3/size").unwrap_or_default();
    text.trim().strip_suffix('K').and_then(|kibibytes| kibibytes.parse::<u64>().ok()).unwrap_or(0) << 10
}
