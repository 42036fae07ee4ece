//! Loops that write every byte of some memory and read none.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;

/// A loop that writes every byte of some memory and reads none. The fastest depends on the CPU and the size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StoreLoop {
    /// The C library's `memset`, which may choose `rep stosb` or non-temporal stores by itself.
    Memset,
    /// The widest vectors of this CPU, through the caches.
    Ordinary,
    /// The widest vectors of this CPU, around the caches.
    NonTemporal,
}

impl StoreLoop {
    /// All store loops: the write-only limit is the fastest of them.
    pub const ALL: [StoreLoop; 3] = [StoreLoop::Memset, StoreLoop::Ordinary, StoreLoop::NonTemporal];

    /// The name that reports show.
    pub fn name(self) -> &'static str {
        match self {
            StoreLoop::Memset => "memset",
            StoreLoop::Ordinary => "ordinary",
            StoreLoop::NonTemporal => "non-temporal",
        }
    }

    /// Writes every byte of `memory` once: `word` again and again, or its lowest byte for `memset`.
    ///
    /// When it returns, the stores are ordered before all later accesses of the caller. The word must not be zero for a
    /// measurement: some CPUs (Zen 4) send a line of zeros to memory as a command without data, up to three times as
    /// fast.
    pub fn run(self, memory: &mut [MaybeUninit<u8>], word: u64) {
        match self {
            StoreLoop::Memset => memory.fill(MaybeUninit::new(word.to_le_bytes()[0])),
            StoreLoop::Ordinary => vectors::<false>(memory, word),
            StoreLoop::NonTemporal => vectors::<true>(memory, word),
        }
    }
}

/// A cache line: the unit in which non-temporal stores reach memory.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([MaybeUninit<u64>; 8]);

/// Writes with the widest stores of this CPU. Ends that are not a whole line are written by the byte.
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
        // SAFETY: this CPU has AVX-512 F, as the condition checked.
        unsafe { store_lines_avx512::<NON_TEMPORAL>(lines, word) };
    } else if is_x86_feature_detected!("avx2") {
        // SAFETY: this CPU has AVX2, as the condition checked.
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

    /// A word of equal bytes, so that `memset` and vectors leave the same memory.
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
}
