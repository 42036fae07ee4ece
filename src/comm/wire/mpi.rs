//! The wire between ranks that are MPI processes. The only file that names the `mpi` crate.
//!
//! `MPI_THREAD_FUNNELED`: the thread that calls [`initialize`] makes all MPI calls except `MPI_Abort`. Any thread may need
//! `MPI_Abort`, and both Open MPI and MPICH carry it out from any thread. All waiting polls and sleeps, so that waiting
//! ranks leave the cores to working ranks. MPI's error handler stays `MPI_ERRORS_ARE_FATAL`: rsmpi drops return codes.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::Duration;

use mpi::Threading;
use mpi::collective::SystemOperation;
use mpi::environment::Universe;
use mpi::request::{LocalScope, Request, scope};
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, Destination, Equivalence, Root, Source};

use crate::comm::world::World;
use crate::error::{Error, ExitCode, Result};
use crate::units::index;

/// Largest piece of a message, in bytes. MPI counts in 32-bit integers; the piece is far smaller, so that tests send
/// messages of many pieces.
const PIECE_BYTES: usize = 8 << 20;

/// Largest piece of a reduction, in values: limits the scratch memory on rank 0 to 8 MiB.
const PIECE_VALUES: usize = 1 << 20;

/// The tags of a message's last piece (`LAST`) and of the pieces before it (`MORE`).
const LAST: i32 = 0;
const MORE: i32 = 1;

/// Version text of the MPI library, in one line. May be called before MPI is initialised.
pub(in crate::comm) fn library() -> String {
    let text = mpi::environment::library_version().unwrap_or_else(|_| "an MPI library without a name".into());
    text.split(['\n', '\r', '\0']).next().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// True while MPI may be called. Any thread may ask.
pub(in crate::comm) fn is_running() -> bool {
    mpi::environment::is_initialized() && !mpi::environment::is_finalized()
}

/// `MPI_Abort`, while MPI is running. For [`end_job`] only.
pub(in crate::comm) fn abort(code: ExitCode) -> ! {
    SimpleCommunicator::world().abort(code.number())
}

/// Initialises MPI with `MPI_THREAD_FUNNELED`; MPI is finalized when the result is dropped.
///
/// # Errors
/// When the library does not offer that, or MPI was already initialised.
pub(in crate::comm) fn initialize() -> Result<Universe> {
    match mpi::initialize_with_threading(Threading::Funneled) {
        Some((universe, threading)) if threading >= Threading::Funneled => Ok(universe),
        Some(_) => Err(Error::Environment(format!("{} does not offer MPI_THREAD_FUNNELED", library()))),
        None => Err(Error::Failed("MPI was initialised before".into())),
    }
}

/// One rank's end of the wire: the communicator of all ranks, and what came before it was asked for.
pub(in crate::comm) struct Link {
    communicator: SimpleCommunicator,
    world: World,
    /// Messages that came while this rank was sending.
    received: RefCell<VecDeque<(u32, Vec<u8>)>>,
    /// Indexed by sender: the pieces received so far of a message that is not complete.
    pieces: RefCell<Vec<Vec<u8>>>,
}

impl Link {
    pub fn of_the_world() -> Link {
        let communicator = SimpleCommunicator::world();
        let number = |value| u32::try_from(value).expect("MPI counts ranks from 0");
        let world = World { rank: number(communicator.rank()), size: number(communicator.size()) };
        let pieces = RefCell::new(vec![Vec::new(); index(world.size)]);
        Link { communicator, world, received: RefCell::default(), pieces }
    }

    pub fn world(&self) -> World {
        self.world
    }

    pub fn send(&self, to: &[u32], bytes: &[u8]) {
        assert!(!bytes.is_empty(), "a message has a header");
        let mut pieces = bytes.chunks(PIECE_BYTES).peekable();
        while let Some(piece) = pieces.next() {
            let tag = if pieces.peek().is_some() { MORE } else { LAST };
            scope(|scope| {
                let send = |to: &u32| {
                    let process = self.communicator.process_at_rank(rank_number(*to));
                    process.immediate_send_with_tag(scope, piece, tag)
                };
                self.complete(to.iter().map(send).collect(), || self.progress());
            });
        }
    }

    pub fn receive(&self) -> (u32, Vec<u8>) {
        let mut pause = Pause::for_a_message();
        loop {
            if let Some(message) = self.received.borrow_mut().pop_front() {
                return message;
            }
            if self.progress() { pause.tries = 0 } else { pause.sleep() }
        }
    }

    /// Receives one piece, if one is there.
    fn progress(&self) -> bool {
        let Some((message, status)) = self.communicator.any_process().immediate_matched_probe() else {
            return false;
        };
        let bytes = usize::try_from(status.count(u8::equivalent_datatype())).expect("a size is not negative");
        let mut piece = vec![0u8; bytes];
        scope(|scope| {
            let request = message.immediate_matched_receive_into(scope, &mut piece[..]);
            self.complete(vec![request], || false);
        });
        let from = usize::try_from(status.source_rank()).expect("MPI counts ranks from 0");
        let whole = &mut self.pieces.borrow_mut()[from];
        if whole.is_empty() {
            *whole = piece
        } else {
            whole.append(&mut piece)
        }
        if status.tag() == LAST {
            let from = u32::try_from(from).expect("MPI counts ranks in 32 bits");
            self.received.borrow_mut().push_back((from, std::mem::take(whole)));
        }
        true
    }

    /// Sleeps until all requests are complete. Calls `meanwhile` in between, which returns true when it made progress.
    fn complete<'a, D: ?Sized>(
        &self,
        mut requests: Vec<Request<'a, D, &LocalScope<'a>>>,
        mut meanwhile: impl FnMut() -> bool,
    ) {
        let mut pause = Pause::for_a_transfer();
        loop {
            let before = requests.len();
            requests = requests.into_iter().filter_map(|request| request.test().err()).collect();
            if requests.is_empty() {
                return;
            }
            let busy = meanwhile() || requests.len() < before;
            if busy { pause.tries = 0 } else { pause.sleep() }
        }
    }

    pub fn reduce(&self, values: &mut [u64]) {
        let root = self.communicator.process_at_rank(0);
        let mut sums = vec![0u64; if self.world.rank == 0 { values.len().min(PIECE_VALUES) } else { 0 }];
        for piece in values.chunks_mut(PIECE_VALUES) {
            let sum = SystemOperation::sum();
            if self.world.rank != 0 {
                scope(|scope| {
                    let request = root.immediate_reduce_into(scope, &*piece, sum);
                    self.complete(vec![request], || false);
                });
                continue;
            }
            let sums = &mut sums[..piece.len()];
            scope(|scope| {
                let request = root.immediate_reduce_into_root(scope, &*piece, &mut *sums, sum);
                self.complete(vec![request], || false);
            });
            piece.copy_from_slice(sums);
        }
    }
}

fn rank_number(rank: u32) -> i32 {
    i32::try_from(rank).expect("MPI counts ranks in 31 bits")
}

/// Back-off that sleeps longer the longer nothing happens: ranks that arrive together continue within microseconds, and
/// ranks that wait for a slow rank do not take its CPU time.
struct Pause {
    tries: u32,
    longest: Duration,
}

impl Pause {
    const YIELDS: u32 = 32;

    /// Pause between polls for a message, which may be a whole round away.
    fn for_a_message() -> Pause {
        Pause { tries: 0, longest: Duration::from_millis(1) }
    }

    /// Pause between polls of a transfer. A large transfer advances by one fragment (32 KiB) each time both sides poll.
    fn for_a_transfer() -> Pause {
        Pause { tries: 0, longest: Duration::from_micros(50) }
    }

    fn sleep(&mut self) {
        self.tries += 1;
        match self.tries.checked_sub(Pause::YIELDS) {
            None => std::thread::yield_now(),
            Some(sleeps) => {
                std::thread::sleep((Duration::from_micros(10) * (1 << sleeps.min(10))).min(self.longest));
            }
        }
    }
}
