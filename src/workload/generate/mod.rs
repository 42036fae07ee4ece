//! The workload `generate`: chunks of the stream, made block by block, handed to a consumer, given back.
//!
//! One repetition of one rank is one [`Session`]. Chunk by chunk, worker `w` of `n`
//!
//! 1. consumes and gives back the blocks that worker `w + 1 mod n` filled `in_flight` chunks ago: the consumer of a real
//!    pipeline runs on another core, and so the allocator sees cross-worker frees;
//! 2. allocates and fills its own part of the chunk, a block at a time;
//! 3. waits for the others. The last to arrive reads the clock, once a chunk, and decides the next step.
//!
//! | file | owns |
//! |---|---|
//! | `parameters.rs`, `design.rs` | the fixed values of a case, and its memory; the choices of a design |
//! | `scope.rs`, `source.rs` | the streams of a rank; the stretches of them that a chunk has |
//! | `course.rs` | the next chunk, and the end of each phase |
//! | `supply.rs`, `written.rs` | memory for blocks; blocks that are written once and then read |
//! | `handover.rs`, `reader.rs` | blocks on their way to their consumer; the consumer's use of them |
//! | `parts.rs` | a worker's part of a chunk |
//! | `session.rs` | state that workers share; the life of a worker that stays: the default |
//! | `sample.rs`, `findings.rs` | a check of the real data, outside every timed region; its result |
//! | `drive.rs`, `crew.rs` | workers that are woken or started for every chunk |

mod course;
mod crew;
mod design;
mod drive;
mod findings;
mod handover;
mod parameters;
mod parts;
mod reader;
mod sample;
mod scope;
mod session;
mod source;
mod supply;
mod written;

use std::sync::{Mutex, MutexGuard};

pub use crew::{Crew, Team};
pub use design::{Consumer, Handover, Memory, PoolUse, Schedule, Scope};
pub use findings::SampleFindings;
pub use parameters::Parameters;
pub use reader::Read;
pub use sample::Sample;
pub use scope::RankPosition;
pub use session::{Session, WorkerRecord};
pub use source::Streams;

fn number(workers: usize) -> u32 {
    u32::try_from(workers).expect("workers are counted in 32 bits")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("a worker that panics ends the session, and nobody locks again")
}
