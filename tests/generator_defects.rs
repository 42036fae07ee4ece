//! What generators in use get wrong, each a law that our stream keeps.
//!
//! The laws come from running `dgen-data` 0.3.0: chunk sizes that leave bytes unwritten, bytes that depend on the
//! number of threads and the total size, ranks that are nearly copies of one another, memory that grows with the
//! data set, and a seed that is set again and repeats one block.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::HashMap;
use std::mem::MaybeUninit;

use numamark::generator::{Kernel, SEGMENT_BYTES, Stores, Stream, share};
use proptest::prelude::*;

/// Counts the allocations of the thread that asks.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: everything is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller's promise about the layout is ours.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer came from `alloc` above with this layout, as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn bytes(stream: Stream, offset: u64, count: usize) -> Vec<u8> {
    let mut out = vec![MaybeUninit::uninit(); count];
    stream.fill(Kernel::best(), Stores::Ordinary, offset, &mut out).to_vec()
}

/// As many workers as given, each with its share of the chunk.
fn filled_by(
    workers: usize,
    stream: Stream,
    kernel: Kernel,
    offset: u64,
    count: usize,
    before: u8,
) -> Vec<u8> {
    let mut chunk = vec![MaybeUninit::new(before); count];
    std::thread::scope(|scope| {
        let mut rest = &mut chunk[..];
        for index in 0..workers {
            let range = share(count, index, workers);
            let (part, later) = std::mem::take(&mut rest).split_at_mut(range.len());
            rest = later;
            scope.spawn(move || {
                // Workers must not care which kind of store the next one uses.
                let stores = Stores::ALL[index % 2];
                stream.fill(kernel, stores, offset + range.start as u64, part);
            });
        }
    });
    // SAFETY: every byte was written before: `before` at the least.
    chunk.into_iter().map(|byte| unsafe { byte.assume_init() }).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_chunk_size_leaves_a_byte_unwritten_or_depends_on_the_workers(
        (seed, number) in any::<(u64, u64)>(),
        offset in 0..u64::MAX - (8 << 20),
        count in 0usize..3 << 20,
        workers in 1usize..9,
    ) {
        let stream = Stream::new(seed, number);
        let truth = bytes(stream, offset, count);
        for kernel in Kernel::all() {
            for before in [0x00, 0xFF] {
                let chunk = filled_by(workers, stream, kernel, offset, count, before);
                prop_assert!(chunk == truth, "{} over {before:#x}", kernel.name());
            }
            prop_assert_eq!(stream.verify(kernel, offset, &truth), Ok(()));
        }
    }

    #[test]
    fn the_bytes_of_a_stretch_do_not_depend_on_what_was_generated_around_it(
        start in 0u64..1 << 40,
        cuts in prop::collection::vec(0usize..300_000, 0..8),
    ) {
        let stream = Stream::new(9, 9);
        let whole = bytes(stream, start, 300_000);
        let mut edges = cuts;
        edges.extend([0, 300_000]);
        edges.sort_unstable();
        let pieces = edges.windows(2).map(|edge| bytes(stream, start + edge[0] as u64, edge[1] - edge[0]));
        prop_assert!(pieces.collect::<Vec<_>>().concat() == whole);
    }

    #[test]
    fn one_wrong_byte_anywhere_is_found_where_it_is(
        offset in 0u64..1 << 50,
        (count, wrong) in (1usize..200_000).prop_flat_map(|count| (Just(count), 0..count)),
        flip in 1u8..,
    ) {
        let stream = Stream::new(1, 1);
        let mut data = bytes(stream, offset, count);
        data[wrong] ^= flip;
        let mismatch = stream.verify(Kernel::best(), offset, &data).expect_err("one byte is wrong");
        prop_assert_eq!(mismatch.offset, offset + wrong as u64);
        prop_assert_eq!((mismatch.expected, mismatch.found), (data[wrong] ^ flip, data[wrong]));
    }
}

/// Neighbouring seeds, neighbouring streams, both exchanged, and far segments of one of them.
fn neighbours() -> Vec<(u64, u64, u64)> {
    let mut named: Vec<(u64, u64, u64)> = (0..8).map(|rank| (42, rank, 0)).collect();
    named.extend((43..50).map(|seed| (seed, 0, 0)));
    named.extend([
        (0, 42, 0),
        (1, 42, 0),
        (42, 0, 1 << 20),
        (42, 0, 1 << 46),
        (!42, 0, 0),
        (42, u64::MAX, 0),
    ]);
    named
}

#[test]
fn neighbouring_ranks_and_seeds_share_no_record_of_512_bytes() {
    let mut seen = HashMap::new();
    for (seed, number, segment) in neighbours() {
        let data = bytes(Stream::new(seed, number), segment * SEGMENT_BYTES as u64, 1 << 20);
        for record in data.chunks_exact(512) {
            let first = seen.insert(record.to_vec(), (seed, number, segment));
            assert_eq!(first, None, "a record of {:?} again", (seed, number, segment));
        }
    }
    println!("{} records, all different: 1.0:1", seen.len());
}

#[test]
fn neighbouring_ranks_and_seeds_agree_in_half_of_their_bits() {
    const BYTES: usize = 1 << 18;
    let data: Vec<Vec<u8>> = neighbours()
        .into_iter()
        .map(|(seed, number, segment)| {
            bytes(Stream::new(seed, number), segment * SEGMENT_BYTES as u64, BYTES)
        })
        .collect();
    // Bits that agree by chance: mean n/2, standard deviation sqrt(n)/2; 6 deviations are 1 in 500 million a pair.
    let bits = (BYTES * 8) as f64;
    let allowed = 6.0 * bits.sqrt() / 2.0;
    for (index, one) in data.iter().enumerate() {
        for (other_index, other) in data.iter().enumerate().take(index) {
            let differing: u32 = one.iter().zip(other).map(|(a, b)| (a ^ b).count_ones()).sum();
            let excess = (f64::from(differing) - bits / 2.0).abs();
            assert!(excess < allowed, "{index} and {other_index}: {differing} of {bits} bits differ");
        }
        let ones: u32 = one.iter().map(|byte| byte.count_ones()).sum();
        assert!((f64::from(ones) - bits / 2.0).abs() < allowed, "{index}: {ones} of {bits} bits are set");
    }
}

#[test]
fn memory_does_not_grow_with_the_offset_or_the_length() {
    assert_eq!(size_of::<Stream>(), 16);
    let stream = Stream::new(5, 6);
    let mut out = vec![MaybeUninit::uninit(); 3 * SEGMENT_BYTES];
    let before = ALLOCATIONS.get();
    for offset in [0, 64 << 40, 1 << 60, u64::MAX - out.len() as u64] {
        for stores in Stores::ALL {
            let data = stream.fill(Kernel::best(), stores, offset, &mut out);
            assert_eq!(stream.verify(Kernel::best(), offset, data), Ok(()));
        }
    }
    assert_eq!(ALLOCATIONS.get(), before, "filling or verifying allocated");
}

#[test]
fn a_stream_made_again_repeats_itself_and_not_one_block() {
    let (first, again) = (Stream::new(8, 0), Stream::new(8, 0));
    let data = bytes(first, 0, 4 << 20);
    assert!(data == bytes(again, 0, 4 << 20));
    let mut blocks: Vec<&[u8]> = data.chunks_exact(1 << 16).collect();
    blocks.sort_unstable();
    blocks.dedup();
    assert_eq!(blocks.len(), 64);
}
