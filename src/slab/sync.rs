//! The atomics of this part: the standard ones, or loom's in a model-checked test.

#[cfg(all(test, loom))]
pub(super) use loom::{
    model,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering},
    },
    thread,
};

#[cfg(not(all(test, loom)))]
pub(super) use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
