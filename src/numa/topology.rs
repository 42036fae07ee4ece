//! The nodes of a machine, their PUs, and the nodes that may be used.

use std::collections::BTreeMap;

use super::description::{DescribedNode, Description};
use super::free_memory;
use super::node::{Availability, CacheGroup, Node, NodeId};
use super::ownership;
use super::pu_set::PuSet;
use crate::error::{Error, Result};

/// A machine: this one, or a described one. Plain data, shared freely between ranks that are threads.
///
/// Invariants: `nodes[i].index == i`; every allowed PU belongs to at most one node; a node is
/// [`Availability::Usable`] exactly when it has a PU and its memory is allowed.
#[derive(Clone, Debug)]
pub struct Topology {
    nodes: Vec<Node>,
    allowed_pus: PuSet,
    is_this_system: bool,
    knows_nodes: bool,
    origin: String,
}

impl Topology {
    /// Discovers the machine this process runs on. Without the feature `hwloc` the result is one node, built from the
    /// affinity mask of the calling thread.
    ///
    /// # Errors
    /// When hwloc fails, or finds no node that this process may use.
    pub fn of_this_machine() -> Result<Topology> {
        #[cfg(feature = "hwloc")]
        let description = super::hwloc::of_this_machine()?;
        #[cfg(not(feature = "hwloc"))]
        let description = super::affinity::of_affinity_mask()?;
        // For a node without CPUs, hwloc gives its neighbour's CPUs; the kernel knows each node's own CPUs.
        let owned = if description.is_this_system && description.knows_nodes {
            ownership::kernel_lists()
        } else {
            None
        };
        Topology::assemble(description, owned)
    }

    /// The machine that an hwloc synthetic description (`pack:4 numa:4 core:24 pu:1`) or XML file describes.
    /// Nothing can be bound on it.
    ///
    /// # Errors
    /// When hwloc does not understand it, or the program was built without hwloc.
    pub fn described(text: &str) -> Result<Topology> {
        #[cfg(feature = "hwloc")]
        return Topology::assemble(super::hwloc::described(text)?, None);
        #[cfg(not(feature = "hwloc"))]
        Err(Error::Usage(format!(
            "cannot read the topology \"{text}\": this numamark was built without hwloc; build it with the \
             default features, or leave --topology out"
        )))
    }

    /// Assigns each PU to the node that owns it. `owned` is the kernel's list of each node's CPUs, if it is known.
    pub(super) fn assemble(
        description: Description,
        owned: Option<BTreeMap<u32, PuSet>>,
    ) -> Result<Topology> {
        let owned = owned.unwrap_or_else(|| ownership::divide_pus(&description.nodes));
        let nodes = (0u32..).zip(&description.nodes);
        let nodes: Vec<Node> =
            nodes.map(|(index, node)| settle(index, node, &description, owned.get(&node.os_index))).collect();
        let topology = Topology {
            nodes,
            allowed_pus: description.allowed_pus,
            is_this_system: description.is_this_system,
            knows_nodes: description.knows_nodes,
            origin: description.origin,
        };
        if topology.usable_nodes().next().is_some() {
            return Ok(topology);
        }
        Err(Error::Environment(format!(
            "no NUMA node of {} has both CPUs and memory that this process may use; check its cpuset \
             (Cpus_allowed_list and Mems_allowed_list in /proc/self/status)",
            topology.origin
        )))
    }

    /// All nodes in logical order, including those that may not be used.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The nodes a rank may have: allowed, with CPUs.
    pub fn usable_nodes(&self) -> impl Iterator<Item = &Node> + Clone {
        self.nodes.iter().filter(|node| node.standing == Availability::Usable)
    }

    /// The usable nodes with PUs among `allowed`.
    pub(super) fn nodes_within(&self, allowed: &PuSet) -> impl Iterator<Item = &Node> + Clone {
        self.usable_nodes().filter(|node| node.pu_set().intersects(allowed))
    }

    /// Ranks of a host unless another number is asked for: one for each usable node with PUs among `allowed`.
    pub fn ranks_within(&self, allowed: &PuSet) -> u32 {
        u32::try_from(self.nodes_within(allowed).count()).expect("nodes are counted in 32 bits").max(1)
    }

    /// The usable node that owns this PU.
    pub fn node_of_pu(&self, pu: u32) -> Option<&Node> {
        self.usable_nodes().find(|node| node.cores.iter().any(|core| core.contains(&pu)))
    }

    /// The PUs that the operating system allows; the affinity mask of the process may hold fewer.
    pub fn allowed_pus(&self) -> &PuSet {
        &self.allowed_pus
    }

    /// Size of the smallest L3 cache.
    pub fn l3_bytes(&self) -> Option<u64> {
        self.nodes.iter().flat_map(|node| &node.l3).map(|cache| cache.bytes).min()
    }

    /// True when this is the machine the process runs on. On a described machine nothing can be bound.
    pub fn is_this_system(&self) -> bool {
        self.is_this_system
    }

    /// True when the nodes were really discovered. Without hwloc there is one node, built from the affinity mask.
    pub fn knows_nodes(&self) -> bool {
        self.knows_nodes
    }

    /// Source of the topology, for messages.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Memory, in bytes, that a strict binding to the node can still use before the kernel kills a process: free pages
    /// above the kernel's reserve, and file caches that can be dropped. `None` when the kernel gives no figure.
    pub fn free_memory(&self, node: NodeId) -> Option<u64> {
        match (self.is_this_system, self.nodes.len()) {
            (false, _) => None,
            // The kernel's own figure. It also counts memory that a virtual machine gets only on demand.
            (true, 1) => free_memory::of_host(),
            (true, _) => free_memory::of_node(node.os_index),
        }
    }

    /// Checks that this is the machine the process runs on, before the action `what`.
    ///
    /// # Errors
    /// When it is another machine.
    pub(super) fn require_this_system(&self, what: &str) -> Result<()> {
        if self.is_this_system {
            return Ok(());
        }
        Err(Error::Environment(format!(
            "cannot {what}: the topology is {}, not this machine; unset HWLOC_SYNTHETIC and HWLOC_XMLFILE",
            self.origin
        )))
    }
}

/// Builds a node from its description, with those of its own PUs that are allowed.
fn settle(index: u32, node: &DescribedNode, description: &Description, owned: Option<&PuSet>) -> Node {
    let allowed =
        |pu: &u32| owned.is_some_and(|set| set.contains(*pu)) && description.allowed_pus.contains(*pu);
    let allowed_of = |pus: &[u32]| pus.iter().copied().filter(allowed).collect::<Vec<u32>>();
    let cores: Vec<Vec<u32>> =
        description.cores.iter().map(|core| allowed_of(core)).filter(|core| !core.is_empty()).collect();
    let l3 = description.l3.iter().map(|l3| CacheGroup { bytes: l3.bytes, pus: allowed_of(&l3.pus) });
    let standing = match (owned.is_some_and(|set| !set.is_empty()), cores.is_empty(), node.memory_allowed) {
        (false, _, _) => Availability::MemoryOnly,
        (true, true, _) => Availability::CpusNotAllowed,
        (true, false, false) => Availability::MemoryNotAllowed,
        (true, false, true) => Availability::Usable,
    };
    Node {
        index,
        os_index: node.os_index,
        cores,
        l3: l3.filter(|l3| !l3.pus.is_empty()).collect(),
        memory_bytes: node.memory_bytes,
        subtype: node.subtype.clone(),
        standing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(os_index: u32, near: &str, subtype: Option<&str>) -> DescribedNode {
        DescribedNode {
            os_index,
            near_pus: PuSet::parse(near).expect(near),
            memory_bytes: 1 << 30,
            subtype: subtype.map(str::to_string),
            memory_allowed: true,
        }
    }

    fn described(nodes: Vec<DescribedNode>, pus: &str, allowed: &str) -> Description {
        let pus = PuSet::parse(pus).expect(pus);
        Description {
            nodes,
            l3: vec![CacheGroup { bytes: 32 << 20, pus: pus.iter().collect() }],
            cores: pus.iter().map(|pu| vec![pu]).collect(),
            allowed_pus: PuSet::parse(allowed).expect(allowed),
            knows_nodes: true,
            ..Description::default()
        }
    }

    /// A processor with HBM beside its DRAM: hwloc lists the same CPUs as near both.
    #[test]
    fn a_node_without_cpus_is_listed_but_never_usable() {
        for special_first in [false, true] {
            let (dram, hbm) = if special_first { (1, 0) } else { (0, 1) };
            let nodes = vec![
                node(0, "0-3", (hbm == 0).then_some("HBM")),
                node(1, "0-3", (hbm == 1).then_some("HBM")),
            ];
            let topology = Topology::assemble(described(nodes, "0-3", "0-3"), None).expect("two nodes");
            let usable: Vec<u32> = topology.usable_nodes().map(|node| node.os_index).collect();
            assert_eq!(usable, [dram]);
            assert_eq!(topology.nodes()[hbm as usize].standing, Availability::MemoryOnly);
        }
    }

    #[test]
    fn the_kernels_word_on_which_cpus_a_node_owns_wins_over_hwlocs() {
        let nodes = vec![node(0, "0-3", None), node(1, "0-3", None)];
        let owned = BTreeMap::from([(0, PuSet::default()), (1, PuSet::parse("0-3").expect("list"))]);
        let topology = Topology::assemble(described(nodes, "0-3", "0-3"), Some(owned)).expect("two nodes");
        assert_eq!(topology.nodes()[0].standing, Availability::MemoryOnly);
        assert_eq!(topology.nodes()[1].pus(), [0, 1, 2, 3]);
    }

    #[test]
    fn a_cpuset_takes_away_pus_nodes_and_memory() {
        let mut nodes = vec![node(0, "0-3", None), node(1, "4-7", None), node(2, "8-11", None)];
        nodes[2].memory_allowed = false;
        let topology = Topology::assemble(described(nodes, "0-11", "1-3,8-11"), None).expect("one node");
        let standings: Vec<Availability> = topology.nodes().iter().map(|node| node.standing).collect();
        assert_eq!(
            standings,
            [Availability::Usable, Availability::CpusNotAllowed, Availability::MemoryNotAllowed]
        );
        assert_eq!(topology.nodes()[0].pus(), [1, 2, 3]);
        assert_eq!(topology.nodes()[0].l3[0].pus, [1, 2, 3], "caches list allowed PUs only");
    }

    #[test]
    fn a_machine_without_a_usable_node_is_an_error_that_says_where_to_look() {
        let error = Topology::assemble(described(vec![node(0, "0-3", None)], "0-3", ""), None);
        assert!(error.expect_err("nothing allowed").to_string().contains("Cpus_allowed_list"));
    }

    #[test]
    fn this_machine_has_a_node_for_every_allowed_pu() {
        let topology = Topology::of_this_machine().expect("this machine");
        let mut pus: Vec<u32> = topology.nodes().iter().flat_map(Node::pus).collect();
        pus.sort_unstable();
        let allowed: Vec<u32> = topology.allowed_pus().iter().collect();
        assert_eq!(pus, allowed);
        assert!(topology.is_this_system());
    }
}
