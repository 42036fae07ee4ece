//! The physical limit: how fast this memory takes stores and nothing else, measured in the same run as what is
//! judged by it. An absolute figure from another day or another core says nothing on a shared machine.
//!
//! Triad is the sum of McCalpin's STREAM (1995), <https://www.cs.virginia.edu/stream/>, `a = b + scale * c`.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;

use crate::measure::Clock;
use crate::workload::barrier::{Barrier, Poisoned};

/// A loop that writes every byte of some memory and reads none. Which is fastest depends on the CPU and the size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StoreLoop {
    /// The C library's `memset`, which may choose `rep stosb` or non-temporal stores by itself.
    Memset,
    /// The widest vectors of this CPU, through the caches.
    Ordinary,
    /// The widest vectors of this CPU, around the caches.
    NonTemporal,
}

/// What one worker did between two meetings of all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Bytes this worker stored.
    pub bytes: u64,
    /// From the first meeting to the second.
    pub elapsed_ns: u64,
}

impl StoreLoop {
    /// All of them: the limit is the best.
    pub const ALL: [StoreLoop; 3] = [StoreLoop::Memset, StoreLoop::Ordinary, StoreLoop::NonTemporal];

    /// For a person.
    pub fn name(self) -> &'static str {
        match self {
            StoreLoop::Memset => "memset",
            StoreLoop::Ordinary => "ordinary",
            StoreLoop::NonTemporal => "non-temporal",
        }
    }

    /// Writes every byte of `memory` once: `word` again and again, or its lowest byte for `memset`.
    ///
    /// When it returns the stores are ordered before whatever the caller does next.
    pub fn run(self, memory: &mut [MaybeUninit<u8>], word: u64) {
        match self {
            StoreLoop::Memset => memory.fill(MaybeUninit::new(word.to_le_bytes()[0])),
            StoreLoop::Ordinary => vectors::<false>(memory, word),
            StoreLoop::NonTemporal => vectors::<true>(memory, word),
        }
    }
}

/// Runs each loop of [`StoreLoop::ALL`] `passes` times over this worker's part, all workers at once.
/// Called by every worker that meets at `barrier`, each with its own memory.
///
/// # Errors
/// When another worker failed.
pub fn time_store_loops(
    clock: &Clock,
    barrier: &Barrier,
    memory: &mut [MaybeUninit<u8>],
    passes: u32,
) -> Result<[Timing; StoreLoop::ALL.len()], Poisoned> {
    let bytes = memory.len() as u64 * u64::from(passes);
    let mut timings = [Timing { bytes, elapsed_ns: 0 }; StoreLoop::ALL.len()];
    for (timing, store_loop) in timings.iter_mut().zip(StoreLoop::ALL) {
        barrier.wait()?;
        let start = clock.read();
        for pass in 0..passes {
            store_loop.run(memory, u64::from(pass));
        }
        barrier.wait()?;
        timing.elapsed_ns = clock.nanoseconds(clock.read().since(start));
    }
    Ok(timings)
}

/// The rate of several workers together, in bytes a second: all bytes over the longest elapsed time. `None` when
/// no time passed.
pub fn combined_rate(timings: &[Timing]) -> Option<f64> {
    let bytes: u64 = timings.iter().map(|timing| timing.bytes).sum();
    let longest_ns = timings.iter().map(|timing| timing.elapsed_ns).max().filter(|ns| *ns > 0)?;
    Some(bytes as f64 / (longest_ns as f64 * 1e-9))
}

/// `a[i] = b[i] + scale * c[i]`; moves 24 bytes an element, as STREAM counts, whatever the caches read besides.
///
/// # Panics
/// When the lengths differ.
pub fn triad(a: &mut [f64], b: &[f64], c: &[f64], scale: f64) {
    assert!(a.len() == b.len() && b.len() == c.len(), "triad over {}, {}, {}", a.len(), b.len(), c.len());
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: this CPU has AVX-512 F, as was just asked.
            return unsafe { triad_avx512(a, b, c, scale) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: this CPU has AVX2, as was just asked.
            return unsafe { triad_avx2(a, b, c, scale) };
        }
    }
    triad_body(a, b, c, scale);
}

/// Bytes that triad moves for this many elements.
pub fn triad_bytes(elements: u64) -> u64 {
    elements * 3 * size_of::<f64>() as u64
}

/// Vectorised by the compiler for whichever CPU the caller is compiled for.
#[inline(always)]
fn triad_body(a: &mut [f64], b: &[f64], c: &[f64], scale: f64) {
    for (a, (b, c)) in a.iter_mut().zip(b.iter().zip(c)) {
        *a = b + scale * c;
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn triad_avx512(a: &mut [f64], b: &[f64], c: &[f64], scale: f64) {
    triad_body(a, b, c, scale);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn triad_avx2(a: &mut [f64], b: &[f64], c: &[f64], scale: f64) {
    triad_body(a, b, c, scale);
}

/// A cache line: what non-temporal stores hand to memory whole.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([MaybeUninit<u64>; 8]);

/// The widest stores of this CPU. The ends that are no whole line are written by the byte.
fn vectors<const NON_TEMPORAL: bool>(memory: &mut [MaybeUninit<u8>], word: u64) {
    // SAFETY: any 64 bytes, written or not, are a Line: it is made of MaybeUninit and has no padding.
    let (head, lines, tail) = unsafe { memory.align_to_mut::<Line>() };
    head.fill(MaybeUninit::new(word.to_le_bytes()[0]));
    tail.fill(MaybeUninit::new(word.to_le_bytes()[0]));
    store_lines::<NON_TEMPORAL>(lines, word);
}

#[cfg(all(target_arch = "x86_64", not(miri)))]
fn store_lines<const NON_TEMPORAL: bool>(lines: &mut [Line], word: u64) {
    use std::arch::x86_64::{_mm_sfence, _mm_stream_si64};
    if is_x86_feature_detected!("avx512f") {
        // SAFETY: this CPU has AVX-512 F, as was just asked.
        unsafe { store_lines_avx512::<NON_TEMPORAL>(lines, word) };
    } else if is_x86_feature_detected!("avx2") {
        // SAFETY: this CPU has AVX2, as was just asked.
        unsafe { store_lines_avx2::<NON_TEMPORAL>(lines, word) };
    } else {
        for slot in lines.iter_mut().flat_map(|line| &mut line.0) {
            match NON_TEMPORAL {
                // SAFETY: eight writable bytes that we borrow; every x86-64 CPU has the instruction.
                true => unsafe { _mm_stream_si64(slot.as_mut_ptr().cast(), word.cast_signed()) },
                false => _ = slot.write(word),
            }
        }
    }
    if NON_TEMPORAL {
        // SAFETY: SFENCE touches no memory and is part of every x86-64 CPU.
        unsafe { _mm_sfence() };
    }
}

#[cfg(not(all(target_arch = "x86_64", not(miri))))]
fn store_lines<const NON_TEMPORAL: bool>(lines: &mut [Line], word: u64) {
    lines.fill(Line([MaybeUninit::new(word); 8]));
}

#[cfg(all(target_arch = "x86_64", not(miri)))]
#[target_feature(enable = "avx512f")]
fn store_lines_avx512<const NON_TEMPORAL: bool>(lines: &mut [Line], word: u64) {
    use std::arch::x86_64::{_mm512_set1_epi64, _mm512_store_si512, _mm512_stream_si512};
    let value = _mm512_set1_epi64(word.cast_signed());
    for line in lines {
        let slot = std::ptr::from_mut(line).cast();
        // SAFETY: a Line is 64 writable bytes, aligned to 64, that we borrow.
        unsafe {
            if NON_TEMPORAL { _mm512_stream_si512(slot, value) } else { _mm512_store_si512(slot, value) }
        };
    }
}

#[cfg(all(target_arch = "x86_64", not(miri)))]
#[target_feature(enable = "avx2")]
fn store_lines_avx2<const NON_TEMPORAL: bool>(lines: &mut [Line], word: u64) {
    use std::arch::x86_64::{__m256i, _mm256_set1_epi64x, _mm256_store_si256, _mm256_stream_si256};
    let value = _mm256_set1_epi64x(word.cast_signed());
    for line in lines {
        let halves: *mut __m256i = std::ptr::from_mut(line).cast();
        for half in 0..2 {
            // SAFETY: a Line is two times 32 writable bytes, aligned to 64, that we borrow.
            unsafe {
                let slot = halves.add(half);
                if NON_TEMPORAL { _mm256_stream_si256(slot, value) } else { _mm256_store_si256(slot, value) }
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every byte alike, so that `memset` and vectors leave the same.
    const WORD: u64 = 0x5A5A_5A5A_5A5A_5A5A;

    #[test]
    fn every_store_loop_writes_every_byte_and_no_other() {
        for store_loop in StoreLoop::ALL {
            // Shorter than a line, ends on a line, crosses lines at both ends.
            for (start, count) in [(0, 0), (1, 7), (0, 64), (3, 200), (64, 4096), (63, 4098)] {
                let mut memory = vec![MaybeUninit::new(0u8); start + count + 64];
                store_loop.run(&mut memory[start..start + count], WORD);
                // SAFETY: the vector was made of written bytes.
                let bytes: Vec<u8> = memory.iter().map(|byte| unsafe { byte.assume_init() }).collect();
                let (before, rest) = bytes.split_at(start);
                let (written, after) = rest.split_at(count);
                let what = format!("{} start {start} count {count}", store_loop.name());
                assert!(written.iter().all(|byte| *byte == 0x5A), "{what}");
                assert!(before.iter().chain(after).all(|byte| *byte == 0), "{what}");
            }
        }
    }

    #[cfg(all(target_arch = "x86_64", not(miri)))]
    #[test]
    fn the_narrower_loops_store_what_the_widest_does() {
        let blank = Line([MaybeUninit::new(0); 8]);
        let mut lines = [blank; 5];
        // SAFETY: this CPU has AVX2 where it is called; the lines were made of written words.
        unsafe {
            if !is_x86_feature_detected!("avx2") {
                return println!("skipped: this CPU has no AVX2");
            }
            store_lines_avx2::<false>(&mut lines[..2], WORD);
            store_lines_avx2::<true>(&mut lines[2..4], WORD);
            let words: Vec<u64> =
                lines.iter().flat_map(|line| line.0.map(|word| word.assume_init())).collect();
            assert_eq!(words, [[WORD; 8], [WORD; 8], [WORD; 8], [WORD; 8], [0; 8]].concat());
        }
    }

    #[test]
    fn triad_is_the_sum_it_says() {
        let b: Vec<f64> = (0..1001u16).map(f64::from).collect();
        let c: Vec<f64> = b.iter().map(|x| x * 0.5).collect();
        let mut a = vec![0.0; b.len()];
        triad(&mut a, &b, &c, 3.0);
        assert!(a.iter().zip(&b).all(|(a, b)| *a == 2.5 * b));
        assert_eq!(triad_bytes(1001), 24_024);
    }

    #[test]
    fn workers_that_store_together_have_one_rate_and_a_failing_one_ends_it() {
        const BYTES: usize = 3 << 10;
        let (clock, barrier) = (Clock::start(), Barrier::new(2));
        let timings: Vec<_> = std::thread::scope(|scope| {
            let workers = [0, 1].map(|_| {
                scope.spawn(|| {
                    let mut memory = vec![MaybeUninit::uninit(); BYTES];
                    time_store_loops(&clock, &barrier, &mut memory, 3).expect("nobody fails")
                })
            });
            workers.into_iter().map(|worker| worker.join().expect("no panic")).collect()
        });
        for both in timings[0].iter().zip(timings[1]).map(|(one, other)| [*one, other]) {
            assert_eq!(both.map(|timing| timing.bytes), [3 * BYTES as u64; 2]);
            let rate = combined_rate(&both).expect("time passes");
            let longest_ns = both[0].elapsed_ns.max(both[1].elapsed_ns) as f64;
            assert!((rate * longest_ns / 1e9 - 6.0 * BYTES as f64).abs() < 1.0);
        }
        assert_eq!(combined_rate(&[]), None);
        barrier.poison();
        assert_eq!(time_store_loops(&clock, &barrier, &mut [], 1), Err(Poisoned));
    }
}
