//! Allocators with the interface of `malloc` and `free`: the C library's, and the peers that are libraries of their own.
#![allow(unsafe_code)]

use std::alloc::Layout;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use super::{Peer, Provenance};
use crate::error::Result;
use crate::slab::{Allocate, Demand, Heap, Misuse, OutOfMemory};

/// An allocator that is a set of functions. A value of the type stands for one thread that uses it.
///
/// # Safety
/// `allocate` returns null, or memory of the layout that nothing else uses until `free` gets it; any thread that uses the
/// allocator may read, write and free it, also after the thread that allocated it has stopped using the allocator.
pub unsafe trait Malloc: Sized {
    /// Version and build of the allocator.
    fn provenance() -> Provenance;

    /// Prepares the calling thread; dropping the value ends that.
    fn enter() -> Self;

    /// Allocates; the size of the layout is not 0. Null when there is no memory.
    fn allocate(&self, layout: Layout) -> *mut u8;

    /// Frees.
    ///
    /// # Safety
    /// The memory is from `allocate` of this type with this layout, and has not been freed.
    unsafe fn free(&self, pointer: NonNull<u8>, layout: Layout);
}

/// A live object of such an allocator, in 16 bytes, as an object of the slab allocator: tables of objects have equal
/// sizes. Dropping it without giving it back leaks it.
///
/// Invariant: `pointer` was allocated with `layout` by `M` and has not been given back.
#[derive(Debug)]
#[must_use = "an object that is not given back is leaked"]
pub struct MallocObject<M> {
    pointer: NonNull<u8>,
    layout: PackedLayout,
    allocator: PhantomData<fn() -> M>,
}

/// Size and alignment in 8 bytes: the size below, the alignment's logarithm in the highest byte.
///
/// Invariant: made from a valid layout of an object that exists, so its size is below 2^56.
#[derive(Clone, Copy, Debug)]
struct PackedLayout(u64);

const SIZE_BITS: u32 = 56;

impl PackedLayout {
    #[inline]
    fn new(layout: Layout) -> PackedLayout {
        PackedLayout(layout.size() as u64 | u64::from(layout.align().trailing_zeros()) << SIZE_BITS)
    }

    #[inline]
    fn bytes(self) -> usize {
        (self.0 & ((1 << SIZE_BITS) - 1)) as usize
    }

    #[inline]
    fn unpack(self) -> Layout {
        // SAFETY: by the invariant these are the parts of a valid layout.
        unsafe { Layout::from_size_align_unchecked(self.bytes(), 1 << (self.0 >> SIZE_BITS)) }
    }
}

// SAFETY: it owns its memory as a Box would, and any thread may free it.
unsafe impl<M> Send for MallocObject<M> {}
// SAFETY: a shared reference gives no access that writes to the memory.
unsafe impl<M> Sync for MallocObject<M> {}

impl<M> MallocObject<M> {
    /// The object at the address that the allocator returned; an error when that is null.
    ///
    /// # Safety
    /// `pointer` is null, or was allocated with `layout` by `M`, and no other code uses it.
    #[inline]
    pub(super) unsafe fn new(pointer: *mut u8, layout: Layout) -> Result<MallocObject<M>, OutOfMemory> {
        let pointer = NonNull::new(pointer).ok_or(OutOfMemory)?;
        Ok(MallocObject { pointer, layout: PackedLayout::new(layout), allocator: PhantomData })
    }
}

impl<M> AsMut<[MaybeUninit<u8>]> for MallocObject<M> {
    #[inline]
    fn as_mut(&mut self) -> &mut [MaybeUninit<u8>] {
        // SAFETY: by the invariant the memory is live and ours alone; any bytes are valid `MaybeUninit`.
        unsafe { std::slice::from_raw_parts_mut(self.pointer.as_ptr().cast(), self.layout.bytes()) }
    }
}

impl<M> AsRef<[MaybeUninit<u8>]> for MallocObject<M> {
    #[inline]
    fn as_ref(&self) -> &[MaybeUninit<u8>] {
        // SAFETY: as above; no thread writes while a shared reference lives.
        unsafe { std::slice::from_raw_parts(self.pointer.as_ptr().cast(), self.layout.bytes()) }
    }
}

impl<M: Malloc> Allocate for M {
    type Object = MallocObject<M>;

    #[inline]
    fn take(&mut self, layout: Layout) -> Result<MallocObject<M>, OutOfMemory> {
        let layout = never_empty(layout)?;
        // SAFETY: the allocator returned it for this layout just now.
        unsafe { MallocObject::new(self.allocate(layout), layout) }
    }

    #[inline]
    fn give_back(&mut self, object: MallocObject<M>) -> Result<(), Misuse> {
        // SAFETY: by the invariant; the object is consumed.
        unsafe { self.free(object.pointer, object.layout.unpack()) };
        Ok(())
    }

    #[inline]
    fn memory<'a>(&'a mut self, object: &'a mut MallocObject<M>) -> &'a mut [MaybeUninit<u8>] {
        object.as_mut()
    }
}

impl<M: Malloc> Peer<'_> for M {
    fn provenance() -> Option<Provenance> {
        Some(M::provenance())
    }

    fn serve(_worker: u32, _demand: Demand, _heap: Option<&Heap>) -> Result<M> {
        Ok(M::enter())
    }
}

/// The layout with at least one byte: what `malloc` returns for 0 bytes differs between allocators.
#[inline]
pub(super) fn never_empty(layout: Layout) -> Result<Layout, OutOfMemory> {
    match layout.size() {
        0 => Layout::from_size_align(1, layout.align()).map_err(|_| OutOfMemory),
        _ => Ok(layout),
    }
}

#[cfg(test)]
mod tests {
    use super::super::System;
    use super::*;
    use crate::mix::Random;

    #[test]
    fn an_object_keeps_its_layout_in_16_bytes() {
        assert_eq!(size_of::<Option<MallocObject<System>>>(), 16);
        for bytes in [1, 8, 1024, u32::MAX as usize, 1 << 32, (1 << 40) + 7] {
            for align in [1, 8, 4096, 2 << 20] {
                let layout = Layout::from_size_align(bytes, align).expect("a valid layout");
                let packed = PackedLayout::new(layout);
                assert_eq!((packed.bytes(), packed.unpack()), (bytes, layout));
            }
        }
    }

    /// Bytes that differ between objects and between places in one.
    fn content(tag: u64, place: usize) -> u8 {
        (crate::mix::mix64(tag) >> (place % 8 * 8)) as u8
    }

    /// Objects of 1 B to 2 MiB, aligned to up to 4 KiB, keep what is written into them while others come and go.
    fn keeps_contents_and_alignment<M: Malloc>() {
        let mut allocator = M::enter();
        let mut random = Random::new(1);
        let mut live: Vec<(MallocObject<M>, u64)> = Vec::new();
        // The first sizes are the edges; then sizes and alignments are drawn, uniform in their logarithms.
        let edges = [0, 1, 7, 8, 9, 15, 16, 17, 31, 33, 4095, 4097, 32 << 10, (1 << 20) + 1, 2 << 20];
        let edges = edges.iter().flat_map(|bytes| (3..=12).map(|log| (*bytes, 1 << log)));
        let drawn = (0..1000).map(|_| {
            let limit = 1 << random.below(17);
            (1 + random.below(limit) as usize, 1usize << random.below(13))
        });
        let layouts: Vec<(usize, usize)> = edges.chain(drawn).collect();
        for (tag, (bytes, align)) in (0..).zip(layouts) {
            let layout = Layout::from_size_align(bytes, align).expect("a valid layout");
            let mut object = allocator.take(layout).expect("memory");
            let memory = allocator.memory(&mut object);
            assert_eq!((memory.len(), memory.as_ptr().addr() % align), (bytes.max(1), 0), "{layout:?}");
            for (place, byte) in memory.iter_mut().enumerate() {
                byte.write(content(tag, place));
            }
            live.push((object, tag));
            if live.len() > 64 {
                let victim = random.below(live.len() as u32) as usize;
                check_and_free(&mut allocator, live.swap_remove(victim));
            }
        }
        live.into_iter().for_each(|object| check_and_free(&mut allocator, object));
    }

    fn check_and_free<M: Malloc>(allocator: &mut M, (mut object, tag): (MallocObject<M>, u64)) {
        for (place, byte) in allocator.memory(&mut object).iter().enumerate() {
            // SAFETY: every byte was written when the object was allocated.
            assert_eq!(unsafe { byte.assume_init() }, content(tag, place));
        }
        assert_eq!(allocator.give_back(object), Ok(()));
    }

    /// Objects may be freed by another thread, and outlive the thread that allocated them.
    fn objects_outlive_their_thread<M: Malloc + 'static>() {
        for round in 0..20u64 {
            let layout = |tag: u64| Layout::from_size_align(8 + tag as usize % 1000, 8).expect("valid");
            let made = std::thread::spawn(move || {
                let mut allocator = M::enter();
                let made = (0..500).map(|tag| {
                    let mut object = allocator.take(layout(tag)).expect("memory");
                    for (place, byte) in allocator.memory(&mut object).iter_mut().enumerate() {
                        byte.write(content(round * 1000 + tag, place));
                    }
                    (object, round * 1000 + tag)
                });
                made.collect::<Vec<_>>()
            });
            let made = made.join().expect("the thread does not fail");
            let mut allocator = M::enter();
            made.into_iter().for_each(|object| check_and_free(&mut allocator, object));
        }
    }

    /// Two users on one thread: the first that leaves must not take the allocator from the other.
    fn a_thread_can_enter_twice<M: Malloc>() {
        let (mut first, mut second) = (M::enter(), M::enter());
        let layout = Layout::from_size_align(64, 8).expect("valid");
        let object = first.take(layout).expect("memory");
        assert_eq!(first.give_back(object), Ok(()));
        drop(first);
        let object = second.take(layout).expect("memory");
        assert_eq!(second.give_back(object), Ok(()));
    }

    fn is_an_allocator<M: Malloc + 'static>() {
        keeps_contents_and_alignment::<M>();
        objects_outlive_their_thread::<M>();
        a_thread_can_enter_twice::<M>();
    }

    #[test]
    fn system_is_an_allocator() {
        is_an_allocator::<System>();
    }

    #[cfg(feature = "peers")]
    #[test]
    fn every_peer_is_an_allocator() {
        is_an_allocator::<super::super::Mimalloc>();
        is_an_allocator::<super::super::Snmalloc>();
        is_an_allocator::<super::super::Jemalloc>();
        is_an_allocator::<super::super::Rpmalloc>();
    }
}
