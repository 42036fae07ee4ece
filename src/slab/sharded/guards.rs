//! Guard pages at the level `full`: inaccessible memory behind each object of 64 KiB or more, so that an overflow ends
//! the process at the write.
//!
//! An object gets a class, or a run, with room for a page behind it. Everything from the first page boundary behind the
//! object to the end of its room is made inaccessible when the object is handed out, and accessible again when it is
//! freed. So free memory never has a guard, and neither the pool nor another worker meets one.
//!
//! A guard cuts the arena's mapping in up to three, and the kernel allows a process 65,530 mappings (`vm.max_map_count`).
//! Therefore a heap has at most [`GUARDS_MAX`] guards; further objects have none. When a guard is lifted the kernel
//! joins the mappings again. It does so only for mappings that were cut after a page of the arena was touched, so
//! [`Guards::new`] touches one.

use std::alloc::Layout;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::Result;
use crate::slab::arena::Arena;
use crate::slab::class::{Class, PAGE_BYTES, SUPERSLAB_BYTES};
use crate::slab::demand::with_guard;
use crate::slab::hardening::Hardening;

/// The most guards of one heap: they add at most 8,192 mappings, an eighth of what Linux allows a process.
pub(super) const GUARDS_MAX: usize = 4096;

/// The guards of a heap.
#[derive(Debug)]
pub(super) struct Guards {
    is_on: bool,
    placed: Mutex<Placed>,
}

#[derive(Debug, Default)]
struct Placed {
    /// By the offset of its object in the arena: the offsets of the guard's bytes.
    by_object: BTreeMap<usize, Range<usize>>,
    /// Superslabs in which a guard has begun: the kernel has cut their huge pages.
    cut: BTreeSet<usize>,
}

impl Guards {
    /// No guards; there can be some at this level if the arena is a mapping of its own. `first` is a superslab that no
    /// worker has yet.
    ///
    /// # Errors
    /// When the node has no memory.
    pub(super) fn new(arena: &Arena, hardening: Hardening, first: u32) -> Result<Guards> {
        let is_on = hardening == Hardening::Full && arena.can_guard();
        if is_on {
            arena.populate(first, 1)?;
        }
        Ok(Guards { is_on, placed: Mutex::default() })
    }

    /// True when objects of this heap can have guards.
    pub(super) fn are_on(&self) -> bool {
        self.is_on
    }

    /// The layout whose class, or run, an object gets: with room for a guard behind an object that gets one.
    #[inline]
    pub(super) fn with_room(&self, layout: Layout) -> Layout {
        if !self.is_on {
            return layout;
        }
        let larger = layout.size().checked_add(with_guard(layout.size()));
        // An object as large as the address space finds no room either way.
        larger.and_then(|bytes| Layout::from_size_align(bytes, layout.align()).ok()).unwrap_or(layout)
    }

    /// Bytes between the end of an object and its guard, where its canary can be; `None` for an object that gets no
    /// guard. The object is at the `offset` of the arena.
    #[inline]
    pub(super) fn slack(&self, offset: usize, bytes: usize) -> Option<usize> {
        let has_guard = self.is_on && with_guard(bytes) > 0;
        has_guard.then(|| (offset + bytes).next_multiple_of(PAGE_BYTES) - (offset + bytes))
    }

    /// True when objects of this class can have a guard: others are freed without a look at the guards.
    #[inline]
    pub(super) fn may_follow(&self, class: Class) -> bool {
        self.is_on && with_guard(class.bytes()) > 0
    }

    /// Makes the memory behind an object inaccessible, up to the end of its room.
    pub(super) fn put(&self, arena: &Arena, offset: usize, bytes: usize, room: usize) {
        let Some(slack) = self.slack(offset, bytes) else { return };
        let mut placed = self.placed();
        let guard = offset + bytes + slack..offset + room;
        // The kernel refuses when the process has no mappings left: then the object has no guard.
        if placed.by_object.len() < GUARDS_MAX && arena.protect(guard.clone()).is_ok() {
            placed.cut.insert(guard.start / SUPERSLAB_BYTES);
            placed.by_object.insert(offset, guard);
        }
    }

    /// True when an object has a guard that begins where no object of this size would have it.
    pub(super) fn contradicts(&self, offset: usize, bytes: usize) -> bool {
        let placed = self.placed();
        let guard = placed.by_object.get(&offset);
        guard.is_some_and(|guard| {
            self.slack(offset, bytes).is_none_or(|slack| offset + bytes + slack != guard.start)
        })
    }

    /// Makes the memory behind an object accessible again.
    pub(super) fn lift(&self, arena: &Arena, offset: usize) {
        let mut placed = self.placed();
        if let Some(guard) = placed.by_object.remove(&offset) {
            arena.unprotect(guard);
        }
    }

    /// Lifts all guards and gives the superslabs whole pages again. Their contents are lost.
    pub(super) fn end(&self, arena: &Arena) {
        let placed = std::mem::take(&mut *self.placed());
        placed.by_object.into_values().for_each(|guard| arena.unprotect(guard));
        for superslab in placed.cut {
            let number = u32::try_from(superslab).expect("superslabs have 32-bit numbers");
            // Where the kernel refuses, the pages stay small, or come with the next touch.
            let _small_pages = arena.discard(number, 1).and_then(|()| arena.populate(number, 1));
        }
    }

    fn placed(&self) -> MutexGuard<'_, Placed> {
        self.placed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
