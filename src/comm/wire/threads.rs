//! The wire between ranks that are threads of one process: a mailbox for each rank.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use crate::comm::world::World;
use crate::units::index;

/// The sender's rank and the bytes it sent.
type Letter = (u32, Vec<u8>);

/// One rank's mailbox, and the senders to the mailboxes of all ranks.
pub(in crate::comm) struct Link {
    world: World,
    received: Receiver<Letter>,
    mailboxes: Arc<[Sender<Letter>]>,
}

impl Link {
    pub fn all(ranks: u32) -> Vec<Link> {
        let (mailboxes, received): (Vec<_>, Vec<_>) = (0..ranks).map(|_| channel()).unzip();
        let mailboxes: Arc<[_]> = mailboxes.into();
        (0..ranks)
            .zip(received)
            .map(|(rank, received)| Link {
                world: World { rank, size: ranks },
                received,
                mailboxes: mailboxes.clone(),
            })
            .collect()
    }

    pub fn world(&self) -> World {
        self.world
    }

    pub fn send(&self, to: u32, bytes: Vec<u8>) {
        // A rank leaves only when no rank will send to it any more: after `finish` or the handshake of a failure.
        let _the_rank_has_left = self.mailboxes[index(to)].send((self.world.rank, bytes));
    }

    pub fn receive(&self) -> Letter {
        self.received.recv().expect("every rank holds a sender to its own mailbox")
    }
}
