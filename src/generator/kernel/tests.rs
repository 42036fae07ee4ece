//! One body for every kernel this CPU has: against the specification, an independent oracle and fixed bytes.

use std::mem::MaybeUninit;

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use super::entries::LINE_BYTES;
use super::*;
use crate::generator::sizes::{LANES, SEGMENT_BYTES};
use crate::generator::{Shape, Stream};

/// The kernels of this CPU. Their names are printed, so that the output shows which kernels were not tested.
fn kernels() -> Vec<Kernel> {
    let kernels = Kernel::all();
    println!("kernels tried: {:?}", kernels.iter().map(|kernel| kernel.name().word()).collect::<Vec<_>>());
    kernels
}

fn scalar() -> Kernel {
    Kernel::named(KernelName::Scalar).expect("runs everywhere")
}

fn bytes(stream: Stream, kernel: Kernel, offset: u64, count: usize) -> Vec<u8> {
    let mut out = vec![MaybeUninit::uninit(); count];
    stream.fill(kernel, Stores::Ordinary, offset, &mut out).to_vec()
}

/// Sizes at which kernels take other paths: a byte, a word, a vector of each width, a line, a step, a tile of the AVX2
/// kernel, and one byte less and more than each.
fn awkward_counts() -> Vec<usize> {
    let edges = [1, 8, 32, 64, STEP_BYTES, 2 * STEP_BYTES, 16 * STEP_BYTES];
    let mut counts: Vec<usize> = edges.into_iter().flat_map(|edge| [edge - 1, edge, edge + 1]).collect();
    counts.dedup();
    counts
}

#[test]
fn every_kernel_equals_the_scalar_one_for_every_offset_length_alignment_and_store() {
    let stream = Stream::new(3, 4);
    // A segment and more by the specification; every stretch tested is a piece of it.
    let truth = bytes(stream, scalar(), 0, SEGMENT_BYTES + 20 * STEP_BYTES);
    let counts = awkward_counts();
    let offsets = counts.iter().flat_map(|count| [*count, SEGMENT_BYTES - count]).collect();
    // Off the line by a byte, by a word, by half a line, and on it.
    let (offsets, counts, shifts) = match cfg!(miri) {
        // Miri runs one kernel, slowly: from inside a step, and across two segments.
        true => (vec![257, SEGMENT_BYTES - 3], vec![2 * STEP_BYTES + 1], vec![1]),
        false => (offsets, counts, vec![0, 1, 8, 32]),
    };
    for kernel in kernels() {
        for &stores in Stores::ALL {
            for &offset in &offsets {
                for &count in &counts {
                    for &shift in &shifts {
                        let found = fill_between_guards(stream, kernel, stores, offset, count, shift);
                        assert!(
                            found == truth[offset..][..count],
                            "{} {stores} offset {offset} count {count} shift {shift}",
                            kernel.name()
                        );
                    }
                }
            }
        }
    }
}

/// Fills memory that begins `shift` bytes after a line, and proves that nothing beside it was written.
fn fill_between_guards(
    stream: Stream,
    kernel: Kernel,
    stores: Stores,
    offset: usize,
    count: usize,
    shift: usize,
) -> Vec<u8> {
    const GUARD: u8 = 0xA5;
    const MARGIN: usize = 2 * LINE_BYTES;
    let mut memory = vec![GUARD; count + 2 * MARGIN];
    let start = memory.as_ptr().addr().next_multiple_of(LINE_BYTES) - memory.as_ptr().addr() + shift;
    let target = &mut memory[start..start + count];
    // SAFETY: `fill` writes nothing but initialised bytes, so the vector stays initialised.
    let unwritten = unsafe { &mut *(std::ptr::from_mut(target) as *mut [MaybeUninit<u8>]) };
    stream.fill(kernel, stores, offset as u64, unwritten);
    let outside = memory[..start].iter().chain(&memory[start + count..]);
    assert!({ outside }.all(|byte| *byte == GUARD), "{} wrote outside", kernel.name());
    memory[start..start + count].to_vec()
}

/// The smallest granule, one as long as the AVX2 kernel's tile, and a longer one. Random bytes begin on a step, inside a
/// line, inside a word, one byte before a step, and at the start of the granule.
#[test]
fn every_kernel_writes_the_granules_that_the_scalar_one_writes() {
    let granules =
        [(512, 16), (512, 257), (1024, 1024), (4096, 3), (4096, 2048), (4096, 3900), (16384, 4100)];
    let granules = if cfg!(miri) { &granules[..2] } else { &granules[..] };
    for &(granule_bytes, random_bytes) in granules {
        let granule = Granule::new(granule_bytes, random_bytes);
        let count = (2 * 4096 / granule_bytes).max(2) + 1;
        let written = |kernel: Kernel, stores| {
            let mut lanes = Lanes::unseeded();
            kernel.seed([5, 6], 7, &mut lanes);
            let mut memory = vec![0xA5u8; count * granule_bytes + LINE_BYTES];
            let start = memory.as_ptr().addr().next_multiple_of(LINE_BYTES) - memory.as_ptr().addr();
            let target = &mut memory[start..][..count * granule_bytes];
            // SAFETY: the kernel writes nothing but initialised bytes, so the vector stays initialised.
            let unwritten = unsafe { &mut *(std::ptr::from_mut(target) as *mut [MaybeUninit<u8>]) };
            kernel.write_granules(&mut lanes, &granule, stores, unwritten);
            kernel.fence();
            (memory[start..][..count * granule_bytes].to_vec(), lanes)
        };
        let (truth, lanes_after) = written(scalar(), Stores::Ordinary);
        for (kernel, stores) in
            kernels().into_iter().flat_map(|kernel| Stores::ALL.iter().map(move |stores| (kernel, *stores)))
        {
            let (found, lanes) = written(kernel, stores);
            assert!(found == truth, "{} {stores} {granule_bytes} {random_bytes}", kernel.name());
            assert_eq!(lanes, lanes_after, "{} {granule_bytes} {random_bytes}", kernel.name());
        }
    }
}

/// A granule written in parts has the bytes of the whole, with cuts anywhere, also at the first random byte and the last byte.
#[test]
fn a_cut_inside_a_granule_does_not_show() {
    for (granule_bytes, random_bytes) in
        if cfg!(miri) { vec![(512, 300)] } else { vec![(512, 300), (2048, 520)] }
    {
        let granule = Granule::new(granule_bytes, random_bytes);
        let total = 3 * granule_bytes;
        let piece = |kernel: Kernel, inside: usize, count: usize| {
            let mut lanes = Lanes::unseeded();
            kernel.seed([5, 6], 7, &mut lanes);
            let mut out = vec![MaybeUninit::new(0); count];
            kernel.fill_granules(&mut lanes, &granule, Stores::Ordinary, inside, &mut out);
            // SAFETY: the vector was made of written bytes.
            out.into_iter().map(|byte| unsafe { byte.assume_init() }).collect::<Vec<u8>>()
        };
        let truth = piece(scalar(), 0, total);
        let first = granule_bytes - random_bytes;
        let edges = [0, 1, 8, 255, 256, 257, first - 1, first, first + 1, granule_bytes - 1];
        let edges: Vec<usize> = edges.into_iter().flat_map(|edge| [edge, edge + granule_bytes]).collect();
        let edges = if cfg!(miri) { vec![1, first, 511, 513] } else { edges };
        for kernel in kernels() {
            for &from in &edges {
                for &to in edges.iter().filter(|to| **to >= from).chain([&total]) {
                    let found = piece(kernel, from, to - from);
                    assert!(found == truth[from..to], "{} {from}..{to}", kernel.name());
                }
            }
        }
    }
}

#[test]
fn a_lane_is_the_published_xoshiro256_plus_plus() {
    let keys = [11, 22];
    for kernel in kernels() {
        let mut lanes = Lanes::unseeded();
        kernel.seed(keys, 5, &mut lanes);
        let mut oracles: Vec<Xoshiro256PlusPlus> = (0..LANES)
            .map(|lane| {
                let state: Vec<u8> = { lanes.lane(lane) }.into_iter().flat_map(u64::to_le_bytes).collect();
                Xoshiro256PlusPlus::from_seed(state.try_into().expect("four words"))
            })
            .collect();
        let mut out = vec![MaybeUninit::uninit(); 40 * STEP_BYTES];
        let found = kernel.fill(keys, &Shape::PLAIN, Stores::Ordinary, 5 * SEGMENT_BYTES as u64, &mut out);
        for (index, word) in found.chunks_exact(8).enumerate() {
            let expected = oracles[index % LANES].next_u64();
            assert_eq!(word, expected.to_le_bytes(), "{} word {index}", kernel.name());
        }
    }
}

/// The sum of all words of a segment and its last word, from a second implementation (Python, written from the
/// text of `generator/mod.rs`): data sets on disk outlive this code, so the bytes may never change.
const PUBLISHED: [(u64, u64, u64, u64, u64); 4] = [
    (0, 0, 0, 0x65378db4d8777301, 0x48d1b5d1329dd745),
    (42, 7, 0, 0x084143ac67eb45fd, 0xac3095b3c91c2168),
    (42, 7, 1, 0xc50e75ec322a9df4, 0x3f560af307d57859),
    (42, 7, 1 << 40, 0xf8f859ebe025d2be, 0x4e9a219f8e87a3df),
];

#[test]
fn the_bytes_are_those_published_for_ever() {
    let published = if cfg!(miri) { &PUBLISHED[..1] } else { &PUBLISHED[..] };
    for kernel in kernels() {
        for &(seed, stream, segment, sum, last) in published {
            let offset = segment * SEGMENT_BYTES as u64;
            let segment_bytes = bytes(Stream::new(seed, stream), kernel, offset, SEGMENT_BYTES);
            let words = segment_bytes.chunks_exact(8);
            let words = words.map(|word| u64::from_le_bytes(word.try_into().expect("8 bytes")));
            let found = words.fold((0u64, 0), |(sum, _), word| (sum.wrapping_add(word), word));
            assert_eq!(found, (sum, last), "{} seed {seed} stream {stream} segment {segment}", kernel.name());
        }
    }
}

#[test]
fn every_kernel_seeds_and_skips_alike() {
    let mut truth = Lanes::unseeded();
    scalar().seed([1, 2], 3, &mut truth);
    let seeded = truth.clone();
    scalar().skip(&mut truth, 37);
    for kernel in kernels() {
        let mut lanes = Lanes::unseeded();
        kernel.seed([1, 2], 3, &mut lanes);
        assert_eq!(lanes, seeded, "{}", kernel.name());
        kernel.skip(&mut lanes, 37);
        assert_eq!(lanes, truth, "{}", kernel.name());
    }
}

#[test]
fn a_kernel_is_found_by_its_name_or_refused_with_those_that_run() {
    for &name in KernelName::ALL {
        match Kernel::named(name) {
            Ok(kernel) => assert_eq!(kernel.name(), name),
            Err(error) => {
                let message = error.to_string();
                assert!(message.contains(name.word()) && message.contains("\"scalar\""), "{message}");
            }
        }
    }
    assert_eq!(Some(&Kernel::best()), Kernel::all().last());
    assert!(unsupported(KernelName::Avx512).to_string().contains("cannot run the kernel \"avx512\""));
}
