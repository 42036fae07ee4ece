//! Threads that allocate, pass objects on, free them, leave and come back, at every level. Each object carries its owner
//! and its size in all of its first and its last word.
//!
//! A second in the normal run; `NUMAMARK_STRESS=100` does a hundred times as much.
#![allow(unsafe_code)]

use std::alloc::Layout;
use std::ptr::NonNull;
use std::sync::mpsc::{Receiver, Sender, channel};

use super::{hardened_heap, rounds, superslabs};
use crate::mix::{Random, mix_words};
use crate::slab::{Cache, Cheap, Full, Heap, Level, Off, Strict};

const WORKERS: u32 = 4;
const WORD_BYTES: usize = 8;

/// A live object: at least two words.
struct Marked {
    pointer: NonNull<u8>,
    bytes: usize,
    worker: u32,
}

// SAFETY: it owns its memory as a Box would.
unsafe impl Send for Marked {}

impl Marked {
    fn layout(&self) -> Layout {
        Layout::from_size_align(self.bytes, WORD_BYTES).expect("small")
    }

    /// The first word and the last, with what they hold.
    fn words(&self) -> [(*mut u64, u64); 2] {
        let mark = mix_words(&[u64::from(self.worker), self.bytes as u64, self.pointer.addr().get() as u64]);
        let word = |distance: usize| self.pointer.as_ptr().wrapping_add(distance).cast();
        [(word(0), mark), (word(self.bytes - WORD_BYTES), !mark)]
    }

    fn begin<L: Level>(cache: &mut Cache<'_, L>, random: &mut Random) -> Option<Marked> {
        let magnitude = if random.below(50) == 0 { 21 } else { 12 };
        let bytes = (16usize << random.below(magnitude - 3)) + random.below(64) as usize * WORD_BYTES;
        let worker = cache.worker();
        let layout = Layout::from_size_align(bytes, WORD_BYTES).expect("small");
        let pointer = cache.allocate(layout).ok()?;
        let object = Marked { pointer, bytes, worker };
        // SAFETY: two words of a live object.
        object.words().iter().for_each(|(word, mark)| unsafe { word.write(*mark) });
        Some(object)
    }

    fn end<L: Level>(self, cache: &mut Cache<'_, L>) {
        for (word, mark) in self.words() {
            // SAFETY: two words of a live object, written when it began.
            let found = unsafe { word.read() };
            assert_eq!(found, mark, "{} bytes of worker {}", self.bytes, self.worker);
        }
        // SAFETY: the object is not used any more.
        unsafe { cache.deallocate(self.pointer, self.layout()) }.expect("a live object");
    }
}

/// One worker: a few lives, each with a cache of its own.
fn work<L: Level>(heap: &Heap, worker: u32, seed: u64, to: &[Sender<Marked>], from: &Receiver<Marked>) {
    let mut random = Random::new(mix_words(&[seed, u64::from(worker)]));
    let mut kept = Vec::new();
    for _ in 0..rounds(6, 2) {
        let mut cache = heap.hardened_cache::<L>(worker).expect("its last life is over");
        for _ in 0..rounds(1500, 40) {
            match random.below(8) {
                0..=2 => kept.extend(Marked::begin(&mut cache, &mut random)),
                3 => {
                    if let Some(object) = Marked::begin(&mut cache, &mut random) {
                        let other = random.below(WORKERS) as usize;
                        to[other].send(object).expect("receivers outlive all senders");
                    }
                }
                4..=5 if !kept.is_empty() => {
                    let place = random.below(kept.len() as u32) as usize;
                    kept.swap_remove(place).end(&mut cache);
                }
                _ => from.try_iter().take(3).for_each(|object| object.end(&mut cache)),
            }
            if random.below(400) == 0 {
                cache.trim();
            }
        }
    }
    let mut cache = heap.hardened_cache::<L>(worker).expect("its last life is over");
    kept.into_iter().for_each(|object| object.end(&mut cache));
}

fn stress<L: Level>(seed: u64) {
    println!("{:?}, seed {seed}", L::HARDENING);
    let heap = hardened_heap(superslabs(24, 6), WORKERS, L::HARDENING);
    let (to, from): (Vec<_>, Vec<_>) = (0..WORKERS).map(|_| channel()).unzip();
    let left: Vec<Receiver<Marked>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..WORKERS)
            .zip(from)
            .map(|(worker, from)| {
                let (heap, to) = (&heap, to.clone());
                scope.spawn(move || {
                    work::<L>(heap, worker, seed, &to, &from);
                    from
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    drop(to);
    let mut heir = heap.hardened_cache::<L>(0).expect("all have left");
    left.iter().flat_map(Receiver::try_iter).for_each(|object| object.end(&mut heir));
    heir.core.reclaim();
    assert_eq!(heap.violations(), 0, "{:?}", heap.first_violation());
    assert_eq!(heap.usage().pooled_bytes, heap.arena().bytes(), "everything comes back");
}

#[test]
fn objects_of_many_threads_keep_their_words_at_every_level() {
    let times = std::env::var("NUMAMARK_STRESS").map_or(1, |times| times.parse().expect("a number"));
    for seed in 0..times {
        stress::<Off>(seed);
        stress::<Cheap>(seed);
        stress::<Strict>(seed);
        stress::<Full>(seed);
    }
}
