//! Blocks that are written once and then read by another thread: the type says whether a block is written.
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

/// A written block.
///
/// Invariant: every byte of `block` has been written.
#[derive(Debug)]
#[must_use = "a block that is not given back is lost"]
pub struct Written<'heap> {
    block: Block<'heap>,
}

impl<'heap> Writing<'heap> {
    /// A block without a written byte.
    pub fn new(block: Block<'heap>) -> Writing<'heap> {
        Writing { block, done: 0 }
    }

    /// Lets `write` write the next `bytes` bytes.
    ///
    /// # Panics
    /// When the block is not that long, or `write` returns anything but the memory that it got.
    #[inline]
    pub fn next(&mut self, bytes: usize, write: impl FnOnce(&mut [MaybeUninit<u8>]) -> &mut [u8]) {
        let part = &mut self.block.as_mut()[self.done..][..bytes];
        let place = part.as_ptr();
        let written = write(part);
        // The memory is this block's alone, so only writing all of it yields these bytes.
        let same = std::ptr::eq(written.as_ptr(), place.cast()) && written.len() == bytes;
        assert!(same, "a part of a block is written by writing all of it");
        self.done += bytes;
    }

    /// The written block.
    ///
    /// # Panics
    /// When a byte is not written.
    #[inline]
    pub fn finish(mut self) -> Written<'heap> {
        let bytes = self.block.as_mut().len();
        assert_eq!(self.done, bytes, "bytes of a block that were written");
        Written { block: self.block }
    }
}

impl<'heap> Written<'heap> {
    /// Returns the memory, to be given back.
    #[inline]
    pub fn into_block(self) -> Block<'heap> {
        self.block
    }
}

impl AsRef<[u8]> for Written<'_> {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        let memory = self.block.as_ref();
        // SAFETY: `Writing::finish` saw every byte of the block written; it is ours, and writing to it again needs it
        // by value.
        unsafe { &*(std::ptr::from_ref(memory) as *const [u8]) }
    }
}

#[cfg(test)]
mod tests {
    use std::alloc::Layout;

    use super::super::supply::Supply;
    use super::*;
    use crate::slab::Allocate;

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
    fn a_block_written_part_by_part_is_read_and_given_back() {
        let (mut supply, block) = block(10);
        let mut writing = Writing::new(block);
        for (bytes, value) in [(3, 7), (0, 0), (7, 9)] {
            writing.next(bytes, |part| filled(part, value));
        }
        let written = writing.finish();
        assert_eq!(written.as_ref(), [7, 7, 7, 9, 9, 9, 9, 9, 9, 9]);
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
