//! Discovery without hwloc: one node, built from the affinity mask of the calling thread.

use super::bind;
use super::description::{DescribedNode, Description};
use crate::error::Result;

/// One node, built from the affinity mask: without hwloc nothing else is known.
pub(super) fn of_affinity_mask() -> Result<Description> {
    let allowed_pus = bind::affinity()?;
    let node = DescribedNode {
        os_index: 0,
        near_pus: allowed_pus.clone(),
        memory_bytes: super::free_memory::total_of_host().unwrap_or(0),
        subtype: None,
        memory_allowed: true,
    };
    Ok(Description {
        nodes: vec![node],
        cores: allowed_pus.iter().map(|pu| vec![pu]).collect(),
        allowed_pus,
        is_this_system: true,
        knows_nodes: false,
        origin: "the affinity mask (this numamark was built without hwloc)".to_string(),
        ..Description::default()
    })
}

#[cfg(test)]
mod tests {
    use crate::numa::{Standing, Topology};

    #[test]
    fn without_hwloc_there_is_one_node_made_of_the_affinity_mask() {
        let topology = Topology::assemble(super::of_affinity_mask().expect("mask"), None).expect("one node");
        let [node] = topology.nodes() else { panic!("one node") };
        assert_eq!((node.index, node.os_index, node.standing), (0, 0, Standing::Usable));
        assert_eq!(node.pu_set(), crate::numa::affinity().expect("mask"));
        assert!(topology.is_this_system() && !topology.knows_nodes());
        let byte = 0u8;
        let locality = crate::numa::locality(&topology, &raw const byte, 1, node.id(), 1);
        assert!(locality.unverified.is_some_and(|why| why.contains("without hwloc")));
    }
}
