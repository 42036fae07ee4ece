//! Discovery through hwloc. The only file that names `hwlocality`; no type of hwloc leaves it.

use std::path::Path;

use hwlocality::object::TopologyObject;
use hwlocality::object::attributes::ObjectAttributes;
use hwlocality::object::depth::Depth;
use hwlocality::object::types::ObjectType;
use hwlocality::topology::builder::{BuildFlags, TopologyBuilder};

use super::description::{DescribedNode, Description};
use super::node::CacheGroup;
use crate::error::{Error, Result};

/// Largest machine that may be described, in PUs; hwloc itself would build millions of objects.
const PU_LIMIT: u64 = 1 << 14;

/// Discovers the machine this process runs on. Disallowed parts are included, so that a node has the same index in
/// every cgroup.
pub(super) fn of_this_machine() -> Result<Description> {
    let topology = load(TopologyBuilder::new())
        .map_err(|why| Error::Environment(format!("hwloc cannot discover this machine: {why}")))?;
    let origin =
        if topology.is_this_system() { "this machine" } else { "from HWLOC_SYNTHETIC or HWLOC_XMLFILE" };
    Ok(describe(&topology, origin.to_string()))
}

/// Reads a synthetic description or an XML file.
pub(super) fn described(text: &str) -> Result<Description> {
    let path = Path::new(text);
    if path.is_file() {
        let xml = std::fs::read_to_string(path)
            .map_err(|why| Error::Usage(format!("cannot read the topology {text}: {why}")))?;
        let topology = TopologyBuilder::new().from_xml(&xml).map_err(|why| why.to_string()).and_then(load);
        let topology = topology.map_err(|why| {
            Error::Usage(format!("{text} is not a topology that this hwloc can read ({why}); write it with \"lstopo --of xml\" of the same major version"))
        })?;
        return Ok(describe(&topology, format!("read from {text}")));
    }
    if text.ends_with(".xml") || text.contains('/') {
        return Err(Error::Usage(format!("there is no topology file {text}")));
    }
    check_size(text)?;
    let topology = TopologyBuilder::new().from_synthetic(text).map_err(|why| why.to_string()).and_then(load);
    let topology = topology.map_err(|why| {
        Error::Usage(format!("\"{text}\" is not a topology hwloc understands ({why}); {ACCEPTED}"))
    })?;
    Ok(describe(&topology, format!("described as \"{text}\"")))
}

const ACCEPTED: &str =
    "expected a synthetic description such as \"pack:4 numa:4 core:24 pu:1\", or an XML file";

/// Limits the product of the counts: hwloc would take seconds and gigabytes for an absurd description.
fn check_size(text: &str) -> Result<()> {
    // Attributes such as `(size=32MB)` and attached memory such as `[numa]` have no counts.
    let mut depth = 0i32;
    let levels: String = text
        .chars()
        .filter(|letter| {
            depth += i32::from("([".contains(*letter)) - i32::from(")]".contains(*letter));
            depth == 0 && !")]".contains(*letter)
        })
        .collect();
    let count = |level: &str| match level.rsplit(':').next().unwrap_or(level) {
        digits if digits.starts_with(|letter: char| letter.is_ascii_digit()) => {
            digits.parse().unwrap_or(u64::MAX)
        }
        _ => 1,
    };
    let pus = levels.split_whitespace().map(count).fold(1u64, u64::saturating_mul);
    match pus {
        0 => Err(Error::Usage(format!("\"{text}\" describes a machine without a PU; {ACCEPTED}"))),
        1..=PU_LIMIT => Ok(()),
        _ => Err(Error::Usage(format!("\"{text}\" describes more than {PU_LIMIT} PUs; {ACCEPTED}"))),
    }
}

fn load(builder: TopologyBuilder) -> Result<hwlocality::Topology, String> {
    let builder = builder.with_flags(BuildFlags::INCLUDE_DISALLOWED).map_err(|why| why.to_string())?;
    builder.build().map_err(|why| why.to_string())
}

fn describe(topology: &hwlocality::Topology, origin: String) -> Description {
    let allowed_nodes = topology.allowed_nodeset();
    let nodes = topology.objects_at_depth(Depth::NUMANode).map(|node| DescribedNode {
        os_index: os_index(node),
        near_pus: pus(node).into_iter().collect(),
        memory_bytes: match node.attributes() {
            Some(ObjectAttributes::NUMANode(memory)) => memory.local_memory().map_or(0, |bytes| bytes.get()),
            _ => 0,
        },
        subtype: node.subtype().map(|subtype| subtype.to_string_lossy().into_owned()),
        memory_allowed: node.nodeset().is_some_and(|set| allowed_nodes.includes(set)),
    });
    // A description may have no cores; then every PU counts as a core.
    let cores = match topology.objects_with_type(ObjectType::Core).count() {
        0 => topology.objects_with_type(ObjectType::PU).map(pus).collect(),
        _ => topology.objects_with_type(ObjectType::Core).map(pus).collect(),
    };
    let l3 = topology.objects_with_type(ObjectType::L3Cache);
    Description {
        nodes: nodes.collect(),
        cores,
        l3: l3.map(|cache| CacheGroup { bytes: cache_bytes(cache).unwrap_or(0), pus: pus(cache) }).collect(),
        allowed_pus: topology.allowed_cpuset().iter_set().map(number).collect(),
        is_this_system: topology.is_this_system(),
        knows_nodes: true,
        origin,
    }
}

/// The PUs below an object, ascending by the kernel's index.
fn pus(object: &TopologyObject) -> Vec<u32> {
    let cpuset = object.cpuset().expect("nodes, caches, cores and PUs have a cpuset");
    cpuset.iter_set().map(number).collect()
}

fn cache_bytes(cache: &TopologyObject) -> Option<u64> {
    match cache.attributes() {
        Some(ObjectAttributes::Cache(cache)) => cache.size().map(|bytes| bytes.get()),
        _ => None,
    }
}

fn os_index(object: &TopologyObject) -> u32 {
    let index = object.os_index().expect("hwloc numbers every node as the system does");
    u32::try_from(index).expect("nodes are numbered with few bits")
}

fn number(index: hwlocality::bitmap::BitmapIndex) -> u32 {
    u32::try_from(usize::from(index)).expect("PUs are numbered with few bits")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::made_up::Files;
    use crate::numa::{Availability, Topology};

    fn refusal(text: &str) -> String {
        let error = described(text).expect_err(text);
        assert_eq!(error.exit_code(), crate::error::ExitCode::Usage);
        error.to_string()
    }

    #[test]
    fn what_is_no_topology_is_refused_with_what_would_be_accepted() {
        for text in [
            "",
            " ",
            "pack:4 numa:",
            "sixteen nodes",
            "numa:0 core:1",
            "numa:-1",
            "pu:4 numa:2",
            "core:1:2",
            "numa:2\0",
        ] {
            let message = refusal(text);
            assert!(message.contains("pack:4 numa:4 core:24 pu:1"), "{text:?}: {message}");
        }
    }

    #[test]
    fn absurd_sizes_are_refused_before_they_are_built() {
        for text in
            ["numa:100000 core:100000", "4294967295", "pack:99999999999999999999 pu:1", "16 16 16 16 16"]
        {
            assert!(refusal(text).contains(&format!("more than {PU_LIMIT} PUs")), "{text}");
        }
    }

    #[test]
    fn files_that_are_missing_or_no_topology_are_named() {
        assert!(refusal("no-such-file.xml").contains("no topology file no-such-file.xml"));
        let files = Files::new("no-topology", &[]);
        let file = files.root.join("topology.xml");
        for text in [
            "",
            "<topology",
            "not XML at all",
            "<?xml version=\"1.0\"?><topology version=\"9.0\"></topology>",
        ] {
            files.write("topology.xml", text);
            let name = file.to_str().expect("a plain name");
            assert!(refusal(name).contains(name), "{text:?}");
        }
    }

    /// Output of `lstopo --input "numa:2 l3:1 core:3 pu:2" --restrict 0x3ff --of xml`: two nodes with 3 and 2 cores, as
    /// in a virtual machine or a cgroup.
    const UNEVEN: &str = include_str!("uneven.xml");

    #[test]
    fn an_xml_file_of_a_machine_with_uneven_nodes_is_read() {
        let files = Files::new("uneven", &[("topology.xml", UNEVEN)]);
        let file = files.root.join("topology.xml");
        let topology = Topology::described(file.to_str().expect("a plain name")).expect("written by lstopo");
        let cores: Vec<Vec<Vec<u32>>> = topology.nodes().iter().map(|node| node.cores.clone()).collect();
        assert_eq!(cores, [vec![vec![0, 1], vec![2, 3], vec![4, 5]], vec![vec![6, 7], vec![8, 9]]]);
        assert!(!topology.is_this_system());
        assert_eq!(topology.nodes()[1].l3[0].pus, [6, 7, 8, 9]);
    }

    #[test]
    fn the_l3_memory_and_both_indices_are_read() {
        let topology = Topology::described(
            "numa:2(indexes=5,3 memory=4GB) l3:2(size=16MB) l2:2(size=1MB) l1d:1(size=32kB) core:1 pu:2",
        );
        let topology = topology.expect("synthetic");
        let ids: Vec<(u32, u32)> = topology.nodes().iter().map(|node| (node.index, node.os_index)).collect();
        assert_eq!(ids, [(0, 5), (1, 3)]);
        assert_eq!(topology.l3_bytes(), Some(16_000_000));
        let node = &topology.nodes()[1];
        assert_eq!((node.memory_bytes, node.cores.len(), node.l3.len()), (4_000_000_000, 4, 2));
        assert_eq!(
            (node.l3[1].pus.as_slice(), node.standing),
            ([12, 13, 14, 15].as_slice(), Availability::Usable)
        );
    }

    #[test]
    fn cores_stand_for_pus_where_a_description_has_none() {
        let topology = Topology::described("numa:2 pu:3").expect("synthetic");
        assert_eq!(topology.nodes()[1].cores, [[3], [4], [5]]);
    }
}
