//! The atomics of this part: the standard ones, or loom's in a model-checked test.

#[cfg(all(test, loom))]
pub(super) use loom::{
    model,
    sync::{
        Arc,
        atomic::{AtomicPtr, AtomicU16, AtomicU32, AtomicU64, Ordering},
    },
    thread,
};

#[cfg(not(all(test, loom)))]
pub(super) use std::sync::atomic::{AtomicPtr, AtomicU16, AtomicU32, AtomicU64, Ordering};
