//! The work that a thread beside the workers does for the allocator, as a closed set of words.

use crate::word::words;

words! {
    /// `[slab] background`: the work of a thread beside the workers.
    Background {
        /// There is no such thread.
        Off = "off",
        /// It faults in the memory that the workers will take next.
        Populate = "populate",
    }
}
