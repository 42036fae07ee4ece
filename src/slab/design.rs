//! The designs of the slab allocator as a closed set of words.

use crate::word::words;

words! {
    /// `[slab] design`: the layout of slabs and caches.
    Design {
        /// One cache per worker, and a free list for each slab.
        Sharded = "sharded",
    }
}
