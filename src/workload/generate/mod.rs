//! The workload `generate`: chunks of the stream, made block by block, handed to a consumer, given back.
//!
//! One repetition of one rank is one [`Session`]; every worker calls [`Session::work`] once and stays in it until
//! the repetition ends. Chunk by chunk, worker `w` of `n`
//!
//! 1. gives back the blocks that worker `w + 1 mod n` filled `in_flight` chunks ago: the consumer of a real
//!    pipeline runs on another core, and so the allocator sees cross-worker frees;
//! 2. allocates and fills its own part of the chunk, a block at a time;
//! 3. waits for the others. The last to arrive reads the clock, once a chunk, and decides what comes next.

mod design;
mod parameters;
mod session;

pub use design::{Consumer, Handover, Memory, PoolUse, Schedule, Scope};
pub use parameters::Parameters;
pub use session::{Session, WorkerRecord};
