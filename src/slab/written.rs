//! Blocks that are written once and then read by another thread: the type records that the block is written.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;

use super::supply::Block;

/// A block that is being written, from its beginning.
///
/// Invariant: the first `done` bytes have been written.
#[derive(Debug)]
#[must_use = "a block that is not given back is lost"]
pub struct Writing<'heap> {
    block: Block<'heap>,
    done: usize,
}

/// A fully written block.
#[derive(Debug)]
#[must_use = "a block that is not given back is lost"]
pub struct Written<'heap> {
    block: Block<'heap>,
    bytes: usize,
}

impl<'heap> Writing<'heap> {
    /// Nothing is written yet.
    pub fn new(block: Block<'heap>) -> Writing<'heap> {
        Writing { block, done: 0 }
    }

    /// Lets `write` fill the next `bytes` bytes.
    ///
    /// # Panics
    /// When fewer bytes are left, or `write` returns other memory than it was given.
    #[inline]
    pub fn next(&mut self, bytes: usize, write: impl FnOnce(&mut [MaybeUninit<u8>]) -> &mut [u8]) {
        let part = &mut self.block.as_mut()[self.done..][..bytes];
        let place = part.as_ptr();
        let written = write(part);
        // An initialised slice at this address proves that `write` wrote it: the memory is this block's alone.
        let same = std::ptr::eq(written.as_ptr(), place.cast()) && written.len() == bytes;
        assert!(same, "a part of a block is written by writing all of it");
        self.done += bytes;
    }

    /// Ends the writing of a fully written block.
    ///
    /// # Panics
    /// When a part is not written yet.
    #[inline]
    pub fn finish(mut self) -> Written<'heap> {
        let bytes = self.block.as_mut().len();
        assert_eq!(self.done, bytes, "bytes of a block that were written");
        Written { block: self.block, bytes }
    }
}

impl<'heap> Written<'heap> {
    /// Returns the memory, to be given back.
    #[inline]
    pub fn into_block(self) -> Block<'heap> {
        self.block
    }

    /// Length in bytes.
    #[inline]
    pub fn len(&self) -> usize {
        self.bytes
    }

    /// True when the block has no bytes.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }
}

impl AsRef<[u8]> for Written<'_> {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        let start = match &self.block {
            Block::Slab(object) => object.start(),
            Block::Zeroed(buffer) => buffer.start(),
        };
        // SAFETY: the block is `bytes` long, and `Writing::finish` checked that all of them were written. `self`
        // holds the block: a writer would need it by value.
        unsafe { std::slice::from_raw_parts(start.as_ptr(), self.bytes) }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::alloc::Layout;

    use super::super::object::Allocate;
    use super::super::supply::Supply;
    use super::*;

    fn block(bytes: usize) -> (Supply<'static>, Block<'static>) {
        let mut supply = Supply::zeroed();
        let block = supply.take(Layout::from_size_align(bytes, 1).expect("small")).expect("memory");
        (supply, block)
    }

    fn filled(part: &mut [MaybeUninit<u8>], value: u8) -> &mut [u8] {
        part.fill(MaybeUninit::new(value));
        // SAFETY: every byte of it has just been written.
        unsafe { &mut *(std::ptr::from_mut(part) as *mut [u8]) }
    }

    #[test]
    fn what_was_written_part_by_part_is_read_and_given_back() {
        let (mut supply, block) = block(10);
        let mut writing = Writing::new(block);
        for (bytes, value) in [(3, 7), (0, 0), (7, 9)] {
            writing.next(bytes, |part| filled(part, value));
        }
        let written = writing.finish();
        assert_eq!(written.as_ref(), [7, 7, 7, 9, 9, 9, 9, 9, 9, 9]);
        assert_eq!((written.len(), written.is_empty()), (10, false));
        supply.give_back(written.into_block()).expect("its own");
    }

    #[test]
    #[should_panic(expected = "by writing all of it")]
    fn other_bytes_than_those_of_the_block_do_not_count() {
        Writing::new(block(10).1).next(10, |_| Box::leak(Box::new([1; 10])));
    }

    #[test]
    #[should_panic(expected = "bytes of a block that were written")]
    fn a_block_is_finished_when_all_of_it_is_written() {
        let mut writing = Writing::new(block(10).1);
        writing.next(9, |part| filled(part, 1));
        let _ = writing.finish();
    }
}
