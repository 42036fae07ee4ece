//! A heap with live objects, on which one misuse happens.

use std::alloc::Layout;
use std::ptr::NonNull;

use numamark::measure::Clock;
use numamark::numa::Reservation;
use numamark::slab::{Arena, Cache, Hardening, Heap, HeapOptions, Level, Misuse, SUPERSLAB_BYTES};

/// Size of most objects; their class has 48 bytes, so 8 are slack.
pub const BYTES: usize = 40;
/// Bytes of their class: the distance between neighbours.
pub const CLASS_BYTES: usize = 48;

/// The time at which a misuse is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Free,
    HandedOut,
    Released,
}

/// A heap, its caches, and the objects that the misuse must not reach.
pub struct Case<'heap, L: Level> {
    pub heap: &'heap Heap,
    pub caches: [Cache<'heap, L>; 2],
    bystanders: Vec<(NonNull<u8>, usize)>,
    /// False where the level does not find the misuse: then the heap may do anything with a damaged list.
    pub goes_on: bool,
    /// The first misuse that was counted.
    pub found: Option<(Misuse, When)>,
}

pub fn layout(bytes: usize) -> Layout {
    Layout::from_size_align(bytes, 8).expect("a valid layout")
}

/// A heap of two workers.
pub fn heap(hardening: Hardening) -> Heap {
    let reservation = Reservation::new(3 * SUPERSLAB_BYTES).expect("address space for a test");
    let arena = Arena::bound(reservation).expect("an arena over it");
    let options = HeapOptions { hardening, ..HeapOptions::new(2, Clock::start()) };
    Heap::new(arena, options).expect("valid options")
}

impl<'heap, L: Level> Case<'heap, L> {
    pub fn new(heap: &'heap Heap, goes_on: bool) -> Case<'heap, L> {
        let caches = [0, 1].map(|worker| heap.hardened_cache(worker).expect("once"));
        let mut case = Case { heap, caches, bystanders: Vec::new(), goes_on, found: None };
        case.add_bystanders();
        case
    }

    /// Objects in the slabs that the misuse is about, and elsewhere.
    pub fn add_bystanders(&mut self) {
        for bytes in [BYTES, BYTES, BYTES, 16, 5000] {
            let object = self.allocate(bytes);
            // SAFETY: a live object of this size.
            unsafe { object.write_bytes(0xB5, bytes) };
            self.bystanders.push((object, bytes));
        }
    }

    /// # Panics
    /// When a bystander has changed.
    pub fn check_bystanders(&self) {
        for (object, bytes) in &self.bystanders {
            // SAFETY: a live object of this size, written when it was allocated.
            let memory = unsafe { std::slice::from_raw_parts(object.as_ptr(), *bytes) };
            assert!(memory.iter().all(|byte| *byte == 0xB5), "a live object changed");
        }
    }

    /// An object of worker 0, filled.
    pub fn allocate(&mut self, bytes: usize) -> NonNull<u8> {
        let object = self.caches[0].allocate(layout(bytes)).expect("room");
        // SAFETY: a live object of this size.
        unsafe { object.write_bytes(0x11, bytes.min(CLASS_BYTES)) };
        object
    }

    /// Neighbours, in the order of their addresses.
    pub fn neighbours<const COUNT: usize>(&mut self, bytes: usize) -> [NonNull<u8>; COUNT] {
        let objects = [(); COUNT].map(|()| self.allocate(bytes));
        let together =
            objects.windows(2).all(|pair| pair[1].addr().get() - pair[0].addr().get() == CLASS_BYTES);
        assert!(together, "new objects lie side by side");
        objects
    }

    fn look(&mut self, when: When) {
        if let (None, Some(first)) = (self.found, self.heap.first_violation()) {
            self.found = Some((first.misuse, when));
        }
    }

    /// Gives a pointer back.
    pub fn free(&mut self, worker: usize, pointer: NonNull<u8>, bytes: usize) {
        // SAFETY: no test uses the memory of an object that was given back, but to misuse it.
        let _ = unsafe { self.caches[worker].deallocate(pointer, layout(bytes)) };
        self.look(When::Free);
    }

    /// Writes bytes of the arena.
    pub fn write(&mut self, pointer: NonNull<u8>, distance: isize, bytes: usize) {
        let target = pointer.as_ptr().wrapping_offset(distance);
        // SAFETY: memory of the arena, which no other thread uses; the misuse is the purpose.
        unsafe { target.write_bytes(0x41, bytes) };
    }

    /// Hands out every free object of the size, among them those of worker 1's chains. They are filled, so an object
    /// that is handed out twice, or lies over a bystander, shows.
    pub fn hand_out(&mut self, bytes: usize) {
        if !self.goes_on {
            return;
        }
        for _ in 0..2 {
            while let Ok(object) = self.caches[0].allocate(layout(bytes)) {
                // SAFETY: a live object of this size.
                unsafe { object.write_bytes(0x22, bytes) };
            }
            self.caches[1].trim();
        }
        self.look(When::HandedOut);
    }

    /// Releases the slabs that have no live object.
    pub fn release(&mut self) {
        if self.goes_on {
            self.caches.iter_mut().rev().for_each(Cache::trim);
            self.look(When::Released);
        }
    }
}
