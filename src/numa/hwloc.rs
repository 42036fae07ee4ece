//! Discovery through hwloc, the only file that names `hwlocality`. Nothing of hwloc leaves it.

use std::path::Path;

use hwlocality::object::TopologyObject;
use hwlocality::object::attributes::ObjectAttributes;
use hwlocality::object::depth::Depth;
use hwlocality::object::types::ObjectType;
use hwlocality::topology::builder::{BuildFlags, TopologyBuilder};

use super::description::{DescribedNode, Description};
use super::topology::CacheGroup;
use crate::error::{Error, Result};

/// The largest machine that may be described; hwloc would build millions of objects without complaint.
const PU_LIMIT: u64 = 1 << 14;

/// Discovers the machine this process runs on, disallowed parts included, so that a node keeps its index in
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

/// hwloc takes seconds and gigabytes for an absurd description, so the product of its counts is limited first.
fn check_size(text: &str) -> Result<()> {
    let count = |level: &str| {
        let digits = level.rsplit(':').next().unwrap_or(level);
        let digits: String = digits.chars().take_while(char::is_ascii_digit).collect();
        if digits.is_empty() { 1 } else { digits.parse::<u64>().unwrap_or(u64::MAX) }
    };
    let outside_brackets = text.split_whitespace().filter(|level| !level.starts_with('['));
    let pus = outside_brackets.map(count).fold(1u64, |product, count| product.saturating_mul(count));
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
    // A description may have no cores; then every PU counts as one.
    let cores = match topology.objects_with_type(ObjectType::Core).count() {
        0 => topology.objects_with_type(ObjectType::PU).map(pus).collect(),
        _ => topology.objects_with_type(ObjectType::Core).map(pus).collect(),
    };
    let l3 = topology.objects_with_type(ObjectType::L3Cache);
    Description {
        nodes: nodes.collect(),
        cores,
        l3: l3.map(|cache| CacheGroup { bytes: cache_bytes(cache).unwrap_or(0), pus: pus(cache) }).collect(),
        l1d_bytes: topology.objects_with_type(ObjectType::L1Cache).find_map(cache_bytes),
        l2_bytes: topology.objects_with_type(ObjectType::L2Cache).find_map(cache_bytes),
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
