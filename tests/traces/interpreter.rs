//! Plays a trace, any bytes, on a heap with several caches, and checks every step against a model.
//!
//! The model is a list of live objects with their contents, and a number of expected violations. A misuse that the
//! level is certain to find must be refused, and changes nothing. After a misuse that is found later, or only perhaps,
//! the heap may lose memory; live objects still keep their contents and never overlap.

use std::alloc::Layout;
use std::collections::BTreeMap;
use std::ptr::NonNull;

use numamark::measure::Clock;
use numamark::slab::{
    Arena, Cache, Cheap, Full, Hardening, Heap, HeapOptions, Level, Misuse, Off, OutOfMemory,
    SHARED_BYTES_MAX, SUPERSLAB_BYTES, Strict,
};

/// Bytes at each end of an object that carry its pattern.
const MARK_BYTES: usize = 40;
/// Objects that are live at one time, so that a step stays cheap.
const LIVE_MAX: usize = 4096;

/// What a trace did, so that a test can tell that traces do something.
#[derive(Clone, Copy, Debug, Default)]
pub struct Played {
    /// Objects that were handed out.
    pub allocated: u64,
    /// Misuses that were refused.
    pub refused: u64,
    /// Misuses that were accepted, to be found later.
    pub damaged: u64,
}

/// Plays a trace.
///
/// # Panics
/// When the heap and the model differ.
pub fn play(trace: &[u8]) -> Played {
    let mut trace = Trace(trace);
    let level = trace.below(4);
    let workers = 1 + trace.below(4);
    let superslabs = 1 + trace.below(8);
    match level {
        0 => World::<Off>::play(trace, workers, superslabs, Hardening::Off),
        1 => World::<Cheap>::play(trace, workers, superslabs, Hardening::Cheap),
        2 => World::<Strict>::play(trace, workers, superslabs, Hardening::Strict),
        _ => World::<Full>::play(trace, workers, superslabs, Hardening::Full),
    }
}

/// The bytes that are left; 0 after their end.
struct Trace<'t>(&'t [u8]);

impl Trace<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn below(&mut self, count: usize) -> usize {
        usize::from(self.byte()) % count
    }

    /// A number for lists of any length.
    fn place(&mut self, count: usize) -> usize {
        (usize::from(self.byte()) << 8 | usize::from(self.byte())) % count
    }

    /// Every magnitude up to 4 MiB equally often; alignments above 16 are seldom.
    fn layout(&mut self) -> Layout {
        let magnitude = self.below(22);
        let bytes = (1usize << magnitude) + (usize::from(self.byte()) << magnitude >> 8);
        let align = match self.below(8) {
            0 => self.below(22),
            small => small.min(4),
        };
        let bytes = if bytes == 1 && align == 0 { 0 } else { bytes };
        Layout::from_size_align(bytes, 1 << align).expect("small")
    }
}

#[derive(Clone, Copy)]
struct Object {
    pointer: NonNull<u8>,
    layout: Layout,
    tag: u64,
}

impl Object {
    /// Places that carry the pattern.
    fn marks(&self) -> impl Iterator<Item = usize> + use<> {
        let bytes = self.layout.size();
        let head = bytes.min(MARK_BYTES);
        (0..head).chain(bytes.saturating_sub(MARK_BYTES).max(head)..bytes)
    }

    fn pattern(&self, place: usize) -> u8 {
        let word = self.tag.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        (word >> (place % 8 * 8)) as u8 ^ place as u8
    }

    fn write(&self) {
        // SAFETY: a live object, whose memory only this thread uses.
        self.marks().for_each(|place| unsafe { self.pointer.add(place).write(self.pattern(place)) });
    }

    fn check(&self) {
        for place in self.marks() {
            // SAFETY: as above, and written before.
            let found = unsafe { self.pointer.add(place).read() };
            assert_eq!(found, self.pattern(place), "byte {place} of object {} changed", self.tag);
        }
    }

    /// The same place moved forward by `bytes`.
    fn moved(&self, bytes: usize) -> NonNull<u8> {
        NonNull::new(self.pointer.as_ptr().wrapping_add(bytes)).expect("not null")
    }
}

struct World<'heap, L: Level> {
    heap: &'heap Heap,
    caches: Vec<Option<Cache<'heap, L>>>,
    live: Vec<Object>,
    /// End of each live object by its start.
    ranges: BTreeMap<usize, usize>,
    /// Freed since the last step that may hand out or release memory.
    recent: Vec<Object>,
    /// The object that the step before freed, and the worker.
    just_freed: Option<(usize, Object)>,
    expected: u64,
    played: Played,
}

impl<'heap, L: Level> World<'heap, L> {
    fn play(mut trace: Trace<'_>, workers: usize, superslabs: usize, hardening: Hardening) -> Played {
        let arena = Arena::plain(superslabs * SUPERSLAB_BYTES).expect("memory");
        let workers = u32::try_from(workers).expect("a few");
        let options = HeapOptions { hardening, batch: 8, ..HeapOptions::new(workers, Clock::start()) };
        let heap = Heap::new(arena, options).expect("valid options");
        let caches = (0..workers).map(|worker| Some(heap.hardened_cache(worker).expect("once")));
        let mut world = World::<L> {
            heap: &heap,
            caches: caches.collect(),
            live: Vec::new(),
            ranges: BTreeMap::new(),
            recent: Vec::new(),
            just_freed: None,
            expected: 0,
            played: Played::default(),
        };
        while !trace.0.is_empty() {
            world.step(&mut trace);
            let found = heap.violations();
            let exact = world.played.damaged == 0;
            assert!(
                found == world.expected || found > world.expected && !exact,
                "{:?}",
                heap.first_violation()
            );
            world.expected = found;
        }
        world.end();
        world.played
    }

    fn step(&mut self, trace: &mut Trace<'_>) {
        let just_freed = self.just_freed.take();
        let (kind, worker) = (trace.below(16), trace.below(self.caches.len()));
        match kind {
            0..=4 => {
                let layout = trace.layout();
                self.allocate(worker, layout);
            }
            5..=8 => self.free(worker, trace),
            9 => {
                let layout = trace.layout();
                let count = 1 + usize::from(trace.byte());
                let _ = (0..count).all(|_| self.allocate(worker, layout));
            }
            10 => (0..trace.byte()).for_each(|_| self.free(worker, trace)),
            11 => {
                self.recent.clear();
                self.cache(worker).trim();
            }
            12 => {
                self.recent.clear();
                self.caches[worker] = match self.caches[worker].take() {
                    Some(_) => None,
                    None => Some(self.heap.hardened_cache(worker as u32).expect("its last cache is gone")),
                };
            }
            13 => self.refuse_what_is_no_object(worker, trace),
            14 => self.free_twice(worker, just_freed, trace),
            _ => self.damage(worker, trace),
        }
    }

    fn cache(&mut self, worker: usize) -> &mut Cache<'heap, L> {
        let heap = self.heap;
        self.caches[worker]
            .get_or_insert_with(|| heap.hardened_cache(worker as u32).expect("its last cache is gone"))
    }

    /// Returns false when there is no room.
    fn allocate(&mut self, worker: usize, layout: Layout) -> bool {
        if self.live.len() == LIVE_MAX {
            return false;
        }
        self.recent.clear();
        let pointer = match self.cache(worker).allocate(layout) {
            Ok(pointer) => pointer,
            Err(OutOfMemory) => {
                let alone = self.caches.iter().flatten().count() == 1;
                let fits = layout.size() <= self.heap.arena().bytes() && layout.align() <= SUPERSLAB_BYTES;
                let lost = self.played.damaged > 0;
                assert!(!self.live.is_empty() || !alone || !fits || lost, "no room in an empty arena");
                return false;
            }
        };
        let start = pointer.addr().get();
        let end = start + layout.size().max(1);
        let base = self.heap.arena().base().addr().get();
        assert!(start.is_multiple_of(layout.align()) && start >= base, "{layout:?}");
        assert!(end <= base + self.heap.arena().bytes(), "{layout:?}");
        let below = self.ranges.range(..end).next_back();
        assert!(below.is_none_or(|(_, below)| *below <= start), "two live objects share an address");
        self.played.allocated += 1;
        let object = Object { pointer, layout, tag: self.played.allocated };
        object.write();
        self.ranges.insert(start, end);
        self.live.push(object);
        true
    }

    fn free(&mut self, worker: usize, trace: &mut Trace<'_>) {
        if self.live.is_empty() {
            return;
        }
        // The newest, the oldest, or any.
        let count = self.live.len();
        let place = match trace.below(4) {
            0 => count - 1,
            1 => 0,
            _ => trace.place(count),
        };
        let object = self.live.swap_remove(place);
        object.check();
        self.ranges.remove(&object.pointer.addr().get());
        let outcome = self.give_back(worker, object.pointer, object.layout);
        let doubtful = self.played.damaged > 0;
        assert!(outcome.is_ok() || doubtful, "{outcome:?}");
        if outcome.is_ok() {
            self.recent.push(object);
            self.just_freed = Some((worker, object));
        }
    }

    fn give_back(&mut self, worker: usize, pointer: NonNull<u8>, layout: Layout) -> Result<(), Misuse> {
        // SAFETY: no code uses the memory: live objects are given back once they have left the list, and the memory of
        // others is that of a misuse.
        unsafe { self.cache(worker).deallocate(pointer, layout) }
    }

    fn refused(&mut self, worker: usize, pointer: NonNull<u8>, layout: Layout, kinds: &[Misuse]) {
        let outcome = self.give_back(worker, pointer, layout);
        let doubtful = self.played.damaged > 0 && outcome.is_err();
        assert!(
            outcome.is_err_and(|misuse| doubtful || kinds.contains(&misuse)),
            "{outcome:?}, not {kinds:?}"
        );
        self.expected += 1;
        self.played.refused += 1;
    }

    fn refuse_what_is_no_object(&mut self, worker: usize, trace: &mut Trace<'_>) {
        let mut local = 0u64;
        let base = self.heap.arena().base();
        let bytes = self.heap.arena().bytes();
        let layout = trace.layout();
        let outside = match trace.below(4) {
            0 => NonNull::from(&mut local).cast(),
            1 => NonNull::dangling(),
            2 => NonNull::new(base.as_ptr().wrapping_add(bytes)).expect("not null"),
            _ => NonNull::new(base.as_ptr().wrapping_sub(16)).expect("not null"),
        };
        self.refused(worker, outside, layout, &[Misuse::Foreign]);
        if self.live.is_empty() {
            return;
        }
        let object = self.live[trace.place(self.live.len())];
        let inside = 1 + trace.below(15);
        if inside < object.layout.size() {
            self.refused(worker, object.moved(inside), object.layout, &[Misuse::Interior]);
        }
        let large = object.layout.size() > SHARED_BYTES_MAX.min(4096) && object.layout.align() <= 4096;
        if object.layout.size() > 64 && (L::CHECKS_OBJECTS || large) {
            self.refused(worker, object.moved(16), object.layout, &[Misuse::Interior]);
        }
        if L::CHECKS_OBJECTS {
            let wrong = Layout::from_size_align(object.layout.size() * 2 + 64, 1).expect("small");
            let crowded = object.layout.align() > object.layout.size().max(16);
            if object.layout.size() < 1 << 19 && !crowded {
                self.refused(worker, object.pointer, wrong, &[Misuse::WrongLayout]);
            }
        }
        object.check();
    }

    fn free_twice(&mut self, worker: usize, just_freed: Option<(usize, Object)>, trace: &mut Trace<'_>) {
        let kinds = [Misuse::DoubleFree, Misuse::NotAllocated];
        if let Some((worker, object)) = just_freed.filter(|_| L::CHECKS_LINKS) {
            self.refused(worker, object.pointer, object.layout, &kinds);
        }
        if self.recent.is_empty() {
            return;
        }
        let object = self.recent[trace.place(self.recent.len())];
        if L::CHECKS_WORDS || object.layout.size() > SHARED_BYTES_MAX {
            self.refused(worker, object.pointer, object.layout, &kinds);
        } else if L::CHECKS_LINKS {
            match self.give_back(worker, object.pointer, object.layout) {
                Ok(()) => self.played.damaged += 1,
                Err(_) => self.expected += 1,
            }
        }
    }

    /// Writes to a free object.
    fn damage(&mut self, worker: usize, trace: &mut Trace<'_>) {
        if self.recent.is_empty() || !L::CHECKS_LINKS || trace.below(4) != 0 {
            return self.free(worker, trace);
        }
        // Its second free could no longer be told from that of a live object.
        let object = self.recent.swap_remove(trace.place(self.recent.len()));
        let word = u64::from(trace.byte()) << 40 | u64::from(trace.byte());
        // SAFETY: memory of the arena that no object has; the misuse is the purpose.
        unsafe { object.pointer.cast::<u64>().write(word) };
        self.played.damaged += 1;
    }

    /// Gives everything back: the arena is whole again, unless a misuse has cost memory.
    fn end(&mut self) {
        let whole = self.played.damaged == 0;
        for object in std::mem::take(&mut self.live) {
            object.check();
            assert!(self.give_back(0, object.pointer, object.layout).is_ok() || !whole);
        }
        for _ in 0..2 {
            self.caches.iter_mut().flatten().for_each(Cache::trim);
        }
        self.caches.iter_mut().for_each(|cache| *cache = None);
        let bytes = self.heap.arena().bytes();
        let all = Layout::from_size_align(bytes, 8).expect("small");
        let outcome = self.cache(0).allocate(all);
        assert!(outcome.is_ok() || !whole, "memory is lost: {:?}", self.heap.usage());
        if let Ok(pointer) = outcome {
            assert_eq!(self.give_back(0, pointer, all), Ok(()));
        }
        assert!(!whole || self.heap.usage().pooled_bytes == bytes);
        assert!(!whole || self.heap.violations() == self.expected, "{:?}", self.heap.first_violation());
    }
}
