//! The laws of placement, one by one, on described machines. The oracle is the list written in each test.

use super::*;
use crate::numa::{Availability, NodeId};

/// Requests of one host on which all ranks have the same mask.
fn ranks(topology: &Topology, count: u32) -> Vec<PlacementRequest> {
    PlacementRequest::alike(100..100 + count, Bind::Numa, false, topology.allowed_pus())
}

/// Requests of one host with one mask per rank.
fn masked(masks: &[&str]) -> Vec<PlacementRequest> {
    let request = |(rank, mask): (u32, &&str)| PlacementRequest {
        rank,
        bind: Bind::Numa,
        share_nodes: false,
        allowed: PuSet::parse(mask).expect("mask"),
    };
    (100u32..).zip(masks).map(request).collect()
}

fn with(mut requests: Vec<PlacementRequest>, bind: Bind, share_nodes: bool) -> Vec<PlacementRequest> {
    requests.iter_mut().for_each(|request| (request.bind, request.share_nodes) = (bind, share_nodes));
    requests
}

/// Node index and PUs of each rank.
fn summary(placements: &[Placement]) -> Vec<(Option<u32>, String)> {
    let pus = |placement: &Placement| placement.pus.iter().copied().collect::<PuSet>().to_string();
    placements.iter().map(|placement| (placement.node.map(|node| node.index), pus(placement))).collect()
}

fn refusal(topology: &Topology, requests: &[PlacementRequest]) -> String {
    let error = place_all(topology, requests).expect_err("to be refused");
    assert_eq!(error.exit_code(), crate::error::ExitCode::Environment);
    let message = error.to_string();
    assert!(!message.contains('\n'), "one line: {message}");
    message
}

fn machine(synthetic: &str) -> Topology {
    Topology::described(synthetic).expect(synthetic)
}

#[test]
fn sixteen_ranks_on_384_cores_get_one_node_of_24_cores_each() {
    let topology = machine("pack:4 numa:4 core:24 pu:1");
    let placements = place_all(&topology, &ranks(&topology, 16)).expect("16 nodes");
    for (index, placement) in (0u32..).zip(&placements) {
        assert_eq!(placement.node, Some(NodeId { index, os_index: index }));
        assert_eq!(placement.pus, (24 * index..24 * index + 24).collect::<Vec<u32>>());
        assert_eq!(placement.how, How::Chosen);
    }
    assert_eq!(
        placements[3].to_string(),
        "rank 103: node 3 (os 3), 24 PUs 72-95, chosen: 4 of 16 allowed nodes"
    );
}

#[test]
fn a_rank_bound_inside_one_node_adopts_it_whatever_its_number() {
    let topology = machine("numa:4 core:4 pu:1");
    let placements = place_all(&topology, &masked(&["12-15", "4-7", "1"])).expect("three nodes");
    assert_eq!(
        summary(&placements),
        [(Some(3), "12-15".into()), (Some(1), "4-7".into()), (Some(0), "1".into())]
    );
    assert!(placements.iter().all(|placement| placement.how == How::Adopted));
    assert_eq!(placements[2].why, "already bound to 1 of the node's 4 PUs");
}

#[test]
fn ranks_bound_to_sockets_take_the_nodes_of_their_own_socket() {
    let topology = machine("pack:2 numa:2 core:4 pu:1");
    let placements = place_all(&topology, &masked(&["0-7", "8-15", "0-7", "8-15"])).expect("four nodes");
    let nodes: Vec<Option<u32>> = summary(&placements).into_iter().map(|(node, _)| node).collect();
    assert_eq!(nodes, [Some(0), Some(2), Some(1), Some(3)]);
}

#[test]
fn an_adopted_node_is_not_given_to_another_rank() {
    let topology = machine("numa:3 core:2 pu:1");
    let placements = place_all(&topology, &masked(&["0-5", "0-1", "0-5"])).expect("three nodes");
    let nodes: Vec<Option<u32>> = summary(&placements).into_iter().map(|(node, _)| node).collect();
    assert_eq!(nodes, [Some(1), Some(0), Some(2)]);
}

#[test]
fn a_mask_that_cuts_through_nodes_is_never_left() {
    let topology = machine("numa:2 core:4 pu:1");
    let placements = place_all(&topology, &masked(&["2-5", "2-5"])).expect("two nodes");
    assert_eq!(summary(&placements), [(Some(0), "2-3".into()), (Some(1), "4-5".into())]);
}

#[test]
fn more_ranks_than_nodes_are_refused_with_both_numbers() {
    let topology = machine("numa:2 core:4 pu:1");
    let message = refusal(&topology, &ranks(&topology, 3));
    assert!(message.contains("rank 102 (3 of 3 on its host)") && message.contains("are 2 ("), "{message}");
    assert!(message.contains("share_nodes=true"), "{message}");
}

#[test]
fn two_ranks_bound_to_one_node_are_refused_by_name() {
    let topology = machine("numa:2 core:4 pu:1");
    let message = refusal(&topology, &masked(&["4", "0-3", "5"]));
    assert!(
        message.contains("ranks 100 (PUs 4) and 102 (PUs 5) are both bound to node 1 (os 1)"),
        "{message}"
    );
    assert!(message.contains("--map-by ppr:1:numa"), "{message}");
}

#[test]
fn ranks_that_share_a_node_split_its_pus_by_cores() {
    let topology = machine("numa:2 core:4 pu:2");
    let requests = with(ranks(&topology, 5), Bind::Numa, true);
    let placements = place_all(&topology, &requests).expect("shared");
    let expected = [(0, "0-1"), (1, "8-11"), (0, "2-3"), (1, "12-15"), (0, "4-7")];
    let expected = expected.map(|(node, pus)| (Some(node), pus.to_string()));
    assert_eq!(summary(&placements), expected);
    assert!(placements.iter().all(|placement| placement.how == How::Shared));
    assert_eq!(placements[4].why, "4 of the node's 8 PUs; 3 ranks share the node");
}

#[test]
fn ranks_given_different_pus_of_a_node_keep_them_when_they_share() {
    let topology = machine("numa:1 core:4 pu:1");
    let placements = place_all(&topology, &with(masked(&["3", "0"]), Bind::Numa, true)).expect("shared");
    assert_eq!(summary(&placements), [(Some(0), "3".into()), (Some(0), "0".into())]);
}

#[test]
fn more_ranks_than_pus_take_turns_and_say_so() {
    let topology = machine("numa:1 core:2 pu:1");
    let placements = place_all(&topology, &with(ranks(&topology, 3), Bind::Numa, true)).expect("shared");
    assert_eq!(summary(&placements).into_iter().map(|(_, pus)| pus).collect::<Vec<_>>(), ["0", "1", "0"]);
    assert!(placements[0].why.ends_with("and some of its PUs"), "{}", placements[0].why);
}

#[test]
fn ranks_that_are_not_to_be_bound_keep_their_mask_and_cannot_conflict() {
    let topology = machine("numa:2 core:2 pu:1");
    let inherited =
        place_all(&topology, &with(masked(&["0-3", "2", "3"]), Bind::Inherit, true)).expect("left");
    assert_eq!(
        summary(&inherited),
        [(None, "0-3".into()), (Some(1), "2".into()), (Some(1), "3".into())],
        "a node is known where the mask is inside one"
    );
    assert!(inherited.iter().all(|placement| placement.how == How::Inherited && !placement.how.binds()));
    let unbound = place_all(&topology, &with(ranks(&topology, 5), Bind::None, false)).expect("unbound");
    assert!(unbound.iter().all(|placement| placement.node.is_none() && placement.pus.len() == 4));
}

#[test]
fn inherited_ranks_inside_one_node_are_refused_like_bound_ones() {
    let topology = machine("numa:2 core:2 pu:1");
    let requests = with(masked(&["2", "3"]), Bind::Inherit, false);
    assert!(refusal(&topology, &requests).contains("ranks 100 (PUs 2) and 101 (PUs 3)"));
}

#[test]
fn a_mask_outside_every_usable_node_is_refused_with_the_mask() {
    let topology = machine("numa:2 core:2 pu:1");
    let message = refusal(&topology, &masked(&["9-10"]));
    assert!(message.contains("rank 100 may run on PUs 9-10"), "{message}");
}

#[test]
fn memory_nodes_are_listed_and_never_counted() {
    // Two processors, each with its DRAM and a second memory without CPUs of its own.
    let topology = machine("pack:2 [numa(memory=64GB)] [numa(memory=16GB)] core:4 pu:1");
    let standings: Vec<Availability> = topology.nodes().iter().map(|node| node.standing).collect();
    use Availability::{MemoryOnly, Usable};
    assert_eq!(standings, [Usable, MemoryOnly, Usable, MemoryOnly]);
    let placements = place_all(&topology, &ranks(&topology, 2)).expect("two nodes with CPUs");
    assert_eq!(summary(&placements), [(Some(0), "0-3".into()), (Some(2), "4-7".into())]);
    assert!(refusal(&topology, &ranks(&topology, 3)).contains("are 2 ("));
}

#[test]
fn workers_come_core_by_core_before_second_hardware_threads() {
    let topology = machine("numa:1 core:3 pu:2(indexes=0,3,1,4,2,5)");
    let placements = place_all(&topology, &ranks(&topology, 1)).expect("one node");
    assert_eq!(placements[0].pus, [0, 1, 2, 3, 4, 5]);
}
