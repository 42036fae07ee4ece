//! The workload `generate`: chunks of the stream, made block by block, handed to a consumer, given back.
//!
//! One repetition of one rank is one [`Session`]. Chunk by chunk, worker `w` of `n`
//!
//! 1. consumes and gives back the blocks that worker `w + 1 mod n` filled `in_flight` chunks ago: the consumer of a real
//!    pipeline runs on another core, and so the allocator sees cross-worker frees;
//! 2. allocates and fills its own part of the chunk, a block at a time;
//! 3. waits for the others. The last to arrive reads the clock, once a chunk, and decides what comes next.
//!
//! | file | owns |
//! |---|---|
//! | `parameters.rs`, `design.rs` | what a case fixes, and the memory that follows; the choices of a design |
//! | `scope.rs`, `source.rs` | which streams are a rank's; which stretches of them a chunk has |
//! | `course.rs` | which chunk is next, and when it is over |
//! | `handover.rs`, `reader.rs` | blocks on their way to their consumer; what it does with them |
//! | `parts.rs` | a worker's part of a chunk |
//! | `session.rs` | what workers share; the life of one that stays: the default |
//! | `sample.rs` | what the data really is, outside every timed region |
//! | `drive.rs`, `crew.rs` | workers that are woken or started for every chunk |

mod course;
mod crew;
mod design;
mod drive;
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
pub use parameters::Parameters;
pub use reader::Read;
pub use sample::{Found, Sample};
pub use scope::World;
pub use session::{Session, WorkerRecord};
pub use source::Streams;

fn number(workers: usize) -> u32 {
    u32::try_from(workers).expect("workers are counted in 32 bits")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("a worker that panics ends the session, and nobody locks again")
}
