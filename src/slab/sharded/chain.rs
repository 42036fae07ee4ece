//! Objects of other workers' slabs that this worker has freed, before it gives them back.
//!
//! One exchange of an atomic word per object would cost more than the rest of a free. Instead a worker collects the
//! objects of a slab in a chain and gives the chain back as a whole (P. Liétar and others, "snmalloc: a message
//! passing allocator", ISMM 2019, return objects in batches for the same reason). The links lie in the objects, as
//! everywhere; position, length and end of a chain lie here.

use crate::units::index;

/// Chains that a worker collects at a time, each for one slab. `arena_bytes_needed` counts on this number.
pub(super) const CHAINS: u32 = 64;
/// The most objects that wait in a chain.
pub(super) const CHAIN_OBJECTS_MAX: u32 = 128;

/// The freed objects of one slab, by address. Empty when `objects` is 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chain {
    /// Number of the slab.
    pub(super) slab: u32,
    /// Number of objects.
    pub(super) objects: u32,
    /// The object that was freed last.
    pub(super) head: usize,
    /// The object that was freed first; its link leads nowhere yet.
    pub(super) tail: usize,
}

/// The chains of a worker: a slab has one place, which it shares with every 64th slab.
#[derive(Clone, Debug)]
pub(super) struct Chains([Chain; 64]);

impl Chains {
    pub(super) fn new() -> Chains {
        Chains([Chain { slab: 0, objects: 0, head: 0, tail: 0 }; 64])
    }

    /// The chain at the place of this slab; it may be that of another slab.
    #[inline]
    pub(super) fn at(&mut self, slab: u32) -> &mut Chain {
        &mut self.0[index(slab % CHAINS)]
    }
}

impl Chain {
    /// Takes the chain and leaves an empty one; `None` when it is empty.
    pub(super) fn take(&mut self) -> Option<Chain> {
        let chain = *self;
        self.objects = 0;
        (chain.objects > 0).then_some(chain)
    }
}
