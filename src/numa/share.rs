//! The split of a node's PUs between the ranks that share it, and the order in which workers take PUs.

use std::collections::BTreeMap;

use super::placement::{How, Placement};
use super::pu_set::PuSet;
use super::topology::Topology;

/// The PUs that are in the mask, core by core. Cores without such a PU are left out.
pub(super) fn cores_in(cores: &[Vec<u32>], mask: &PuSet) -> Vec<Vec<u32>> {
    let inside = |core: &Vec<u32>| core.iter().copied().filter(|pu| mask.contains(*pu)).collect();
    cores.iter().map(inside).filter(|core: &Vec<u32>| !core.is_empty()).collect()
}

/// The first hardware thread of every core, then the second of the cores that have one, and so on.
pub(super) fn worker_order(cores: &[Vec<u32>]) -> Vec<u32> {
    let threads = cores.iter().map(Vec::len).max().unwrap_or(0);
    (0..threads).flat_map(|thread| cores.iter().filter_map(move |core| core.get(thread).copied())).collect()
}

/// Gives each rank its part of a node that several ranks share. Ranks that the launcher gave different PUs keep them.
/// Ranks with the same PUs split them: by cores if there is a core for each rank, otherwise by PUs. With more ranks
/// than PUs, the ranks get the PUs in turn, and some PUs have several ranks.
pub(super) fn split(topology: &Topology, placements: &mut [Placement]) {
    let mut on_node: BTreeMap<u32, BTreeMap<Vec<u32>, Vec<usize>>> = BTreeMap::new();
    for (position, placement) in placements.iter().enumerate() {
        if let (Some(node), true) = (placement.node, placement.how.binds()) {
            on_node.entry(node.index).or_default().entry(placement.pus.clone()).or_default().push(position);
        }
    }
    for (index, by_pus) in on_node {
        let ranks: Vec<usize> = by_pus.values().flatten().copied().collect();
        if ranks.len() < 2 {
            continue;
        }
        let node = &topology.nodes()[index as usize];
        for (pus, sharers) in by_pus {
            let parts = parts(&cores_in(&node.cores, &pus.iter().copied().collect()), sharers.len());
            for (position, part) in sharers.into_iter().zip(parts) {
                placements[position].pus = part;
            }
        }
        explain(placements, &ranks, node.pus().len());
    }
}

/// Splits cores (or PUs, if there are more parts than cores) into `count` parts; their sizes differ by at most one.
fn parts(cores: &[Vec<u32>], count: usize) -> Vec<Vec<u32>> {
    let pus: Vec<Vec<u32>> = cores.concat().into_iter().map(|pu| vec![pu]).collect();
    let runs = |items: &[Vec<u32>], part: usize| {
        worker_order(&items[part * items.len() / count..(part + 1) * items.len() / count])
    };
    (0..count)
        .map(|part| match count {
            _ if count <= cores.len() => runs(cores, part),
            _ if count <= pus.len() => runs(&pus, part),
            _ => pus[part % pus.len()].clone(),
        })
        .collect()
}

fn explain(placements: &mut [Placement], ranks: &[usize], node_pus: usize) {
    let mut users: BTreeMap<u32, usize> = BTreeMap::new();
    for pu in ranks.iter().flat_map(|rank| &placements[*rank].pus) {
        *users.entry(*pu).or_default() += 1;
    }
    for rank in ranks {
        let placement = &mut placements[*rank];
        let crowded = placement.pus.iter().any(|pu| users[pu] > 1);
        placement.how = How::Shared;
        placement.why = format!(
            "{} of the node's {node_pus} PUs; {} ranks share the node{}",
            placement.pus.len(),
            ranks.len(),
            if crowded { " and some of its PUs" } else { "" }
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_take_every_core_before_a_second_hardware_thread() {
        assert_eq!(worker_order(&[vec![0, 4], vec![1, 5], vec![2], vec![3, 7]]), [0, 1, 2, 3, 4, 5, 7]);
        assert_eq!(worker_order(&[]), [0u32; 0]);
    }

    #[test]
    fn parts_hold_every_pu_once_and_differ_by_one_core_at_most() {
        for (core_count, count) in [(23, 4), (24, 5), (8, 8), (5, 1)] {
            let cores: Vec<Vec<u32>> = (0..core_count).map(|core| vec![core, core + 100]).collect();
            let parts = parts(&cores, count);
            let mut all = parts.concat();
            all.sort_unstable();
            let mut expected = cores.concat();
            expected.sort_unstable();
            assert_eq!(all, expected);
            let sizes: Vec<usize> = parts.iter().map(Vec::len).collect();
            assert!(
                sizes.iter().max().expect("parts") - sizes.iter().min().expect("parts") <= 2,
                "{sizes:?}"
            );
            assert!(parts.iter().all(|part| part.len() % 2 == 0), "siblings stay together");
        }
    }

    #[test]
    fn more_ranks_than_cores_split_hardware_threads_and_more_than_those_take_turns() {
        let cores = [vec![0, 2], vec![1, 3]];
        assert_eq!(parts(&cores, 4), [[0], [2], [1], [3]]);
        assert_eq!(parts(&cores, 6), [[0], [2], [1], [3], [0], [2]]);
    }
}
