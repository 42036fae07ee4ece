//! Topology, binding, bound memory, and the proof that memory is local.
//!
//! The steps of a rank: [`Topology::of_this_machine`] lists the nodes and marks the usable ones. [`place_all`] gives
//! every rank of a host its node. [`bind_process`] (a rank that is a process) or [`bind_rank_thread`] (a rank that is a
//! thread), and [`bind_thread`] (a worker), bind and read the binding back. [`Reservation::bind`] binds memory before
//! its first touch. [`locality`] asks the kernel on which nodes the pages are.
//!
//! A [`Topology`] is plain data that holds no object of hwloc, so ranks that are threads share one. Every decision
//! above the system calls is a pure function, which tests run on described topologies. The system calls are in
//! `affinity.rs`, `bind.rs`, `policy.rs`, `memory.rs`, `locality.rs` and `page.rs`.

mod affinity;
mod bind;
mod cgroup;
mod description;
mod free_memory;
mod host;
#[cfg(feature = "hwloc")]
mod hwloc;
mod locality;
mod memory;
mod node;
mod numa_maps;
mod ownership;
mod page;
mod place;
mod placement;
mod policy;
mod pu_set;
mod share;
mod topology;

pub use affinity::affinity;
pub use bind::{bind_process, bind_rank_thread, bind_thread};
pub use cgroup::{CgroupLimit, CgroupLimits, cgroup_limits, cgroup_memory_left};
pub use free_memory::meminfo_bytes;
pub use host::{host_identity, host_name, package_of, short_name};
pub use locality::{SAMPLE_PAGES, locality};
pub use memory::{RESERVATION_ALIGNMENT, Reservation};
pub use node::{Availability, CacheGroup, Node, NodeId};
pub use page::{PageCounts, page_bytes};
pub use place::{conflicts, place_all};
pub use placement::{Bind, How, Placement, PlacementRequest};
pub use pu_set::PuSet;
pub use topology::Topology;
