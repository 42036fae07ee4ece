//! A tenant: live objects, each filled with its own pattern, so that any overlap or lost byte is detected.
#![allow(unsafe_code)]

use std::alloc::Layout;
use std::collections::BTreeMap;
use std::mem::MaybeUninit;

use crate::mix::{Random, mix64};
use crate::slab::{Allocate, Cache, Misuse, Object, OutOfMemory};

/// Bytes at each end that carry the pattern; the middle of large objects would only cost time. Miri sees each access by
/// itself.
const PATTERN: usize = if cfg!(miri) { 8 } else { 64 };

/// One live object and the seed of its pattern.
pub struct Tenancy<'heap> {
    object: Object<'heap>,
    tag: u64,
}

impl<'heap> Tenancy<'heap> {
    /// Moves in: checks alignment and marks both ends.
    pub fn begin(cache: &mut Cache<'heap>, layout: Layout, tag: u64) -> Result<Tenancy<'heap>, OutOfMemory> {
        let mut object = cache.take(layout)?;
        assert_eq!(object.layout(), layout);
        let memory = object.as_mut();
        assert_eq!(memory.as_ptr().addr() % layout.align(), 0, "{layout:?}");
        for (place, byte) in marked(memory).enumerate() {
            byte.write(pattern(tag, place));
        }
        Ok(Tenancy { object, tag })
    }

    /// Address range of the object.
    pub fn range(&mut self) -> std::ops::Range<usize> {
        let memory = self.object.as_mut();
        let start = memory.as_ptr().addr();
        start..start + memory.len().max(1)
    }

    /// Moves out: the marks must be as they were left.
    pub fn end(mut self, cache: &mut Cache<'heap>) -> Result<(), Misuse> {
        let tag = self.tag;
        for (place, byte) in marked(self.object.as_mut()).enumerate() {
            // SAFETY: written in `begin`.
            let found = unsafe { byte.assume_init_read() };
            assert_eq!(found, pattern(tag, place), "byte {place} of object {tag} changed");
        }
        cache.give_back(self.object)
    }
}

fn pattern(tag: u64, place: usize) -> u8 {
    (mix64(tag) >> (place % 8 * 8)) as u8 ^ place as u8
}

fn marked(memory: &mut [MaybeUninit<u8>]) -> impl Iterator<Item = &mut MaybeUninit<u8>> {
    let (head, tail) = memory.split_at_mut(memory.len().min(PATTERN));
    let skipped = tail.len().saturating_sub(PATTERN);
    head.iter_mut().chain(&mut tail[skipped..])
}

/// Live objects by address; refuses an overlap.
#[derive(Default)]
pub struct House<'heap> {
    by_start: BTreeMap<usize, (usize, Tenancy<'heap>)>,
}

impl<'heap> House<'heap> {
    pub fn len(&self) -> usize {
        self.by_start.len()
    }

    pub fn move_in(&mut self, mut tenancy: Tenancy<'heap>) {
        let range = tenancy.range();
        if let Some((_, (end, _))) = self.by_start.range(..range.end).next_back() {
            assert!(*end <= range.start, "two live objects share an address");
        }
        self.by_start.insert(range.start, (range.end, tenancy));
    }

    pub fn move_out(&mut self, random: &mut Random) -> Option<Tenancy<'heap>> {
        let (start, _) = self.by_start.iter().nth(random.below(self.len().max(1) as u32) as usize)?;
        let start = *start;
        self.by_start.remove(&start).map(|(_, tenancy)| tenancy)
    }

    pub fn move_all_out(self) -> impl Iterator<Item = Tenancy<'heap>> {
        self.by_start.into_values().map(|(_, tenancy)| tenancy)
    }
}

/// Any size up to `bytes_max`, every magnitude equally often.
pub fn any_layout(random: &mut Random, bytes_max: usize) -> Layout {
    let magnitude = random.below(bytes_max.ilog2() + 1);
    let bytes = random.bits() as usize & ((2usize << magnitude) - 1);
    let largest = if random.below(4) == 0 { 13 } else { 4 };
    let align = 1usize << random.below(largest);
    Layout::from_size_align(bytes.min(bytes_max), align).expect("small alignments are valid")
}
