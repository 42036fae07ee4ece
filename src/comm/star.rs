//! The protocol of the collectives: every rank exchanges messages with rank 0, so rank 0 knows the missing ranks.
//!
//! A collective goes *up* (each rank to rank 0), or up and then *down* (rank 0 to each rank). All ranks call the same
//! collectives in the same order. Each message carries its collective's kind and number, so a rank in another
//! collective causes an error on all ranks and not a deadlock. No collective goes only down: rank 0 could then wait for
//! a rank that waits for rank 0.
//!
//! **Failure.** A rank that fails sends `Failed` up instead of the expected message. Rank 0 receives it in its next
//! upward collective, sends `Failed` down to all ranks and waits until each has answered `Acknowledged`; it drops all
//! other messages that arrive until then. A rank that receives `Failed` instead of the expected message acknowledges it
//! and returns the error. So all ranks return the same error from whatever collective they are in, no message is left
//! on any wire, and MPI can be finalized. Afterwards every collective returns that error at once.
//!
//! MPI's own collectives are not used in general: they do not tell which ranks are missing, and none can end early. The
//! sum, which moves much data, uses `MPI_Reduce` once all ranks are known to take part.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::sync::Arc;

use super::message::{Message, MessageKind, decode_error, encode_error};
use super::waiting::Waiting;
use super::wire::Link;
use super::world::World;
use crate::error::{Error, ExitCode, Result};
use crate::units::index;

pub(super) struct Star {
    link: Link,
    host: String,
    /// Collectives this rank has entered.
    sequence: Cell<u64>,
    /// Indexed by sender: messages that were received before they were needed.
    inbox: RefCell<Vec<VecDeque<Message>>>,
    waiting: Arc<Waiting>,
    failure: RefCell<Option<Error>>,
}

/// The reason why a collective did not complete on this rank.
enum Trouble {
    /// Another rank sent `Failed`.
    Heard(Error),
    /// This rank failed itself, or received a message of another collective.
    Found(Error),
}

impl Star {
    pub fn new(link: Link, host: &str) -> Star {
        let World { size, .. } = link.world();
        Star {
            link,
            host: host.into(),
            sequence: Cell::new(0),
            inbox: RefCell::new((0..size).map(|_| VecDeque::new()).collect()),
            waiting: Arc::new(Waiting::new(size)),
            failure: RefCell::new(None),
        }
    }

    pub fn in_process(&self) -> bool {
        self.link.in_process()
    }

    pub fn world(&self) -> World {
        self.link.world()
    }

    pub fn host(&self) -> &str {
        &self.host
    }

    pub fn waiting(&self) -> &Arc<Waiting> {
        &self.waiting
    }

    /// Collective, up: rank 0 gets every rank's payload, in rank order.
    pub fn up(&self, kind: MessageKind, payload: Vec<u8>) -> Result<Option<Vec<Vec<u8>>>> {
        self.collective(|sequence| self.collect(kind, sequence, payload))
    }

    /// Collective, down, after an `up`: every rank gets rank 0's payload.
    pub fn down(&self, kind: MessageKind, payload: Vec<u8>) -> Result<Vec<u8>> {
        self.collective(|sequence| self.spread(kind, sequence, payload))
    }

    /// Collective, up and down: rank 0 computes `answer` from all payloads, and every rank gets it. No rank returns
    /// before all have arrived.
    pub fn round(
        &self,
        kind: MessageKind,
        payload: Vec<u8>,
        answer: impl FnOnce(Vec<Vec<u8>>) -> Vec<u8>,
    ) -> Result<Vec<u8>> {
        let payloads = self.up(kind, payload)?;
        self.down(kind, payloads.map(answer).unwrap_or_default())
    }

    /// Collective: adds `values` of all ranks, element by element, on rank 0. Overflow wraps.
    pub fn sum(&self, values: &mut [u64]) -> Result<()> {
        // A rank cannot leave a reduction early, so all ranks must have arrived, with equal lengths, before any enters.
        self.round(MessageKind::Sum, values.len().to_le_bytes().into(), |lengths| {
            let odd = lengths.iter().position(|length| *length != lengths[0]);
            odd.map_or(Vec::new(), |rank| rank.to_le_bytes().into())
        })
        .and_then(|odd| if odd.is_empty() { Ok(()) } else { Err(self.fail(self.uneven(&odd))) })?;
        let Some(values) = self.link.reduce(values) else { return Ok(()) };
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let Some(payloads) = self.up(MessageKind::Sum, bytes)? else { return Ok(()) };
        for payload in &payloads[1..] {
            for (value, bytes) in values.iter_mut().zip(payload.as_chunks().0) {
                *value = value.wrapping_add(u64::from_le_bytes(*bytes));
            }
        }
        Ok(())
    }

    fn uneven(&self, rank: &[u8]) -> Error {
        let rank = rank.first_chunk().map_or(0, |bytes| usize::from_le_bytes(*bytes));
        self.bug(
            u32::try_from(rank).unwrap_or(u32::MAX),
            "it sums another number of values than rank 0".into(),
        )
    }

    /// Ends the collectives of all ranks with `error`. If they have already ended with an error, returns that one.
    pub fn fail(&self, error: Error) -> Error {
        if let Some(earlier) = &*self.failure.borrow() {
            return earlier.clone();
        }
        let error = self.end_all(Trouble::Found(error));
        *self.failure.borrow_mut() = Some(error.clone());
        error
    }

    /// Holds all ranks, after the collectives have ended by success or failure, until rank 0 has done `last`.
    /// Threads of one process need no such call: they leave together.
    #[cfg(feature = "mpi")]
    pub fn leave_after(&self, last: impl FnOnce()) {
        if self.world().rank == 0 {
            last();
            let leave = Message { kind: MessageKind::Finish, sequence: u64::MAX, payload: vec![] };
            self.link.send_to_all(leave.encode());
        } else {
            self.waiting.wait_for(0);
            let _leave = self.link.receive();
            self.waiting.end();
        }
    }

    fn collective<T>(&self, exchange: impl FnOnce(u64) -> Result<T, Trouble>) -> Result<T> {
        if let Some(failure) = &*self.failure.borrow() {
            return Err(failure.clone());
        }
        self.sequence.set(self.sequence.get() + 1);
        let result = exchange(self.sequence.get()).map_err(|trouble| {
            let error = self.end_all(trouble);
            *self.failure.borrow_mut() = Some(error.clone());
            error
        });
        self.waiting.end();
        result
    }

    fn collect(
        &self,
        kind: MessageKind,
        sequence: u64,
        payload: Vec<u8>,
    ) -> Result<Option<Vec<Vec<u8>>>, Trouble> {
        let World { rank, size } = self.world();
        if rank != 0 {
            self.waiting.wait_for(0);
            self.link.send(0, Message { kind, sequence, payload }.encode());
            return Ok(None);
        }
        self.wait_for_ranks_not_in_the_inbox();
        let mut payloads = vec![payload];
        for from in 1..size {
            payloads.push(self.next_from(from, kind, sequence)?);
        }
        Ok(Some(payloads))
    }

    fn spread(&self, kind: MessageKind, sequence: u64, payload: Vec<u8>) -> Result<Vec<u8>, Trouble> {
        if self.world().rank != 0 {
            self.waiting.wait_for(0);
            return self.next_from(0, kind, sequence);
        }
        let message = Message { kind, sequence, payload };
        self.link.send_to_all(message.encode());
        Ok(message.payload)
    }

    /// Returns the payload of the next message from `from`, which must belong to this collective.
    fn next_from(&self, from: u32, kind: MessageKind, sequence: u64) -> Result<Vec<u8>, Trouble> {
        loop {
            let next = self.inbox.borrow_mut()[index(from)].pop_front();
            match next {
                Some(next) if (next.kind, next.sequence) == (kind, sequence) => return Ok(next.payload),
                Some(next) => return Err(Trouble::Found(self.astray(from, &next, kind, sequence))),
                None => self.take_in()?,
            }
        }
    }

    /// Receives one message into the inbox. A `Failed` is reported at once, whichever rank it comes from.
    fn take_in(&self) -> Result<(), Trouble> {
        let (from, bytes) = self.link.receive();
        self.waiting.heard(from);
        match Message::decode(bytes) {
            None => Err(Trouble::Found(self.bug(from, "it sent bytes that are no message".into()))),
            Some(message) if message.kind == MessageKind::Failed => {
                Err(Trouble::Heard(self.read(from, &message.payload)))
            }
            Some(message) => {
                self.inbox.borrow_mut()[index(from)].push_back(message);
                Ok(())
            }
        }
    }

    /// Runs the handshake of a failure. After it no message is on any wire and every rank has the returned error.
    fn end_all(&self, trouble: Trouble) -> Error {
        let World { rank, size } = self.world();
        let told = matches!(trouble, Trouble::Heard(_));
        let (Trouble::Heard(error) | Trouble::Found(error)) = trouble;
        if size == 1 {
            return error;
        }
        let payload = encode_error(&error, rank, &self.host);
        let error = decode_error(&payload).expect("own bytes");
        let failed = Message { kind: MessageKind::Failed, sequence: self.sequence.get(), payload };
        if rank == 0 {
            self.link.send_to_all(failed.encode());
            self.drain(size - 1, MessageKind::Acknowledged);
            return error;
        }
        let error = if told {
            error
        } else {
            self.link.send(0, failed.encode());
            let answer = self.drain(1, MessageKind::Failed);
            self.read(0, &answer)
        };
        let acknowledged =
            Message { kind: MessageKind::Acknowledged, sequence: self.sequence.get(), payload: vec![] };
        self.link.send(0, acknowledged.encode());
        error
    }

    /// Drops messages until `count` messages of `kind` have arrived; returns the payload of the last of these.
    fn drain(&self, count: u32, kind: MessageKind) -> Vec<u8> {
        let World { rank, size } = self.world();
        let others = if rank == 0 { 1..size } else { 0..1 };
        others.for_each(|other| self.waiting.wait_for(other));
        let mut last = Vec::new();
        for _ in 0..count {
            last = loop {
                let (from, bytes) = self.link.receive();
                if let Some(message) = Message::decode(bytes).filter(|message| message.kind == kind) {
                    self.waiting.heard(from);
                    break message.payload;
                }
            };
        }
        self.waiting.end();
        last
    }

    fn wait_for_ranks_not_in_the_inbox(&self) {
        let inbox = self.inbox.borrow();
        (0..).zip(&*inbox).skip(1).filter(|(_, queue)| queue.is_empty()).for_each(|(rank, _)| {
            self.waiting.wait_for(rank);
        });
    }

    fn read(&self, from: u32, payload: &[u8]) -> Error {
        decode_error(payload).unwrap_or_else(|| self.bug(from, "it sent an unreadable error".into()))
    }

    fn astray(&self, from: u32, found: &Message, kind: MessageKind, sequence: u64) -> Error {
        let World { rank, .. } = self.world();
        let Message { kind: theirs, sequence: number, .. } = found;
        self.bug(
            from,
            format!(
                "its collective {number} is {theirs:?}, that of rank {rank} is {kind:?}, number {sequence}; \
                 all ranks must run the same steps"
            ),
        )
    }

    fn bug(&self, rank: u32, message: String) -> Error {
        let host = self.waiting.host(rank).unwrap_or("an unknown host").into();
        Error::OnRank { rank, host, code: ExitCode::Bug, message: format!("a bug in numamark: {message}") }
    }
}
