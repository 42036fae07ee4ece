//! Objects above 1 MiB: runs of superslabs, straight from the pool and straight back to it from any worker.
//!
//! Runs are not cached: filling such an object takes thousands of times as long as the pool's lock.

use std::alloc::Layout;
use std::ptr::NonNull;

use super::core::Core;
use super::superslab_record::Use;
use crate::slab::class::{SLABS, SUPERSLAB_BYTES, SUPERSLAB_SHIFT, slab_number};
use crate::slab::misuse::{Misuse, OutOfMemory};
use crate::slab::record::{RUN_ROW, Stage};
use crate::units::index;

/// Number of superslabs in a run for this layout; `None` when it exceeds every arena.
fn run_length(layout: Layout) -> Option<u32> {
    u32::try_from(layout.size().max(1).div_ceil(SUPERSLAB_BYTES)).ok()
}

impl Core<'_> {
    /// Takes a run. Every run counts as a slow refill with a batch of one object.
    #[cold]
    #[inline(never)]
    pub(super) fn allocate_run(&mut self, layout: Layout) -> Result<NonNull<u8>, OutOfMemory> {
        let layout = self.heap.guards().with_room(layout);
        let mut timing = self.recorder.begin(true);
        let mut first = self.take_run(layout);
        self.recorder.lap(&mut timing, Stage::Find);
        if first.is_none() {
            self.reclaim();
            self.recorder.lap(&mut timing, Stage::Drain);
            first = self.take_run(layout);
            self.recorder.lap(&mut timing, Stage::Find);
        }
        let first = first.ok_or(OutOfMemory)?;
        let count = run_length(layout).expect("a run that was found");
        let superslabs = &self.heap.table().superslabs()[index(first)..index(first + count)];
        superslabs[1..].iter().for_each(|rest| rest.set_use(Use::RunRest));
        superslabs[0].set_use(Use::Run(count));
        let pointer = self.address_of(index(first) * SUPERSLAB_BYTES);
        self.recorder.end(timing, Stage::Map, RUN_ROW, true);
        Ok(pointer)
    }

    fn take_run(&self, layout: Layout) -> Option<u32> {
        let alignment = u32::try_from(layout.align().div_ceil(SUPERSLAB_BYTES)).ok()?;
        let base = self.heap.arena().base().addr().get() >> SUPERSLAB_SHIFT;
        let phase = u32::try_from(base % index(alignment)).expect("below the alignment");
        self.heap.pool().take_highest_run(run_length(layout)?, alignment, phase)
    }

    /// Gives a run back.
    #[cold]
    #[inline(never)]
    pub(super) fn deallocate_run(&mut self, offset: usize, layout: Layout) -> Result<(), Misuse> {
        let superslabs = self.heap.table().superslabs();
        let first = offset >> SUPERSLAB_SHIFT;
        let Some(record) = superslabs.get(first) else {
            return Err(self.violation(Misuse::Foreign, offset, layout));
        };
        let guards = self.heap.guards();
        let count = run_length(guards.with_room(layout)).unwrap_or(u32::MAX);
        let is_other = guards.are_on() && guards.contradicts(offset, layout.size());
        if !offset.is_multiple_of(SUPERSLAB_BYTES) || is_other || !record.end_run(count) {
            return Err(self.violation(self.diagnose(offset), offset, layout));
        }
        if guards.are_on() {
            guards.lift(self.heap.arena(), offset);
        }
        for superslab in &superslabs[first..first + index(count)] {
            superslab.set_recycled();
            superslab.set_use(Use::Pooled);
        }
        self.heap.pool().give(slab_number(offset) / SLABS, count);
        Ok(())
    }
}
