//! The wire under the protocol: messages to and from rank 0, by thread or by MPI.

#[cfg(feature = "mpi")]
pub(super) mod mpi;
pub(super) mod threads;

use super::world::World;

/// One rank's end of the wires. Messages from one sender arrive in order; nothing is lost.
pub(super) enum Link {
    Threads(threads::Link),
    #[cfg(feature = "mpi")]
    Mpi(mpi::Link),
}

impl Link {
    pub fn world(&self) -> World {
        match self {
            Link::Threads(link) => link.world(),
            #[cfg(feature = "mpi")]
            Link::Mpi(link) => link.world(),
        }
    }

    /// True when the ranks are threads of one process.
    pub fn in_process(&self) -> bool {
        matches!(self, Link::Threads(_))
    }

    /// Sends to one rank. A rank that waits in this call also receives, so two ranks that send to each other do not
    /// block.
    pub fn send(&self, to: u32, bytes: Vec<u8>) {
        match self {
            Link::Threads(link) => link.send(to, bytes),
            #[cfg(feature = "mpi")]
            Link::Mpi(link) => link.send(&[to], &bytes),
        }
    }

    /// Sends the same bytes to every other rank.
    pub fn send_to_all(&self, bytes: Vec<u8>) {
        let World { rank, size } = self.world();
        let others: Vec<u32> = (0..size).filter(|to| *to != rank).collect();
        match self {
            Link::Threads(link) => others.into_iter().for_each(|to| link.send(to, bytes.clone())),
            #[cfg(feature = "mpi")]
            Link::Mpi(link) => link.send(&others, &bytes),
        }
    }

    /// Sleeps until a message arrives; returns its sender and its bytes.
    pub fn receive(&self) -> (u32, Vec<u8>) {
        match self {
            Link::Threads(link) => link.receive(),
            #[cfg(feature = "mpi")]
            Link::Mpi(link) => link.receive(),
        }
    }

    /// Adds all ranks' `values` on rank 0 and returns `None`, if the wire itself can add in a tree; otherwise returns
    /// `values` unchanged. All ranks must make this call, with slices of equal length.
    pub fn reduce<'v>(&self, values: &'v mut [u64]) -> Option<&'v mut [u64]> {
        match self {
            Link::Threads(_) => Some(values),
            #[cfg(feature = "mpi")]
            Link::Mpi(link) => {
                link.reduce(values);
                None
            }
        }
    }
}
