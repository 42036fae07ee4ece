//! The heat map: it shows slow ranks at a glance, for any number of hosts.

use std::collections::BTreeMap;

use numamark::report;
use numamark::report::Detail;
use numamark::stats::median;

use crate::made_up::{bytes, two_axes, with_ranks};
use crate::table::assert_fits;

#[test]
fn the_heat_map_names_the_slowest_ranks_and_fills_their_cells() {
    let text = report::table(&with_ranks(3, 4), Detail::Summary);
    println!("{text}");
    assert_fits(&text);
    assert!(text.contains("rate in % of the median rank's, 8.00 GiB/s"), "{text}");
    assert!(text.contains("slowest: rank 7 (node 3 of cluster-node-0001): 50 %"), "{text}");
    let unbroken = text.replace("\n  ", " ");
    assert!(unbroken.contains(", rank 3 (node 3 of cluster-node-0000): 94 %"), "{text}");
    let map = rows_of_map(&text);
    assert_eq!(map["~uster-node-0000"], ["100", "100", "100", "...94"]);
    assert_eq!(map["~uster-node-0001"], ["100", "100", "100", "+++50"]);
    assert_eq!(map["~uster-node-0002"], ["100"; 4]);
    assert!(report::markdown(&with_ranks(3, 4)).contains("| cluster-node-0001 | 100 | 100 | 100 | 50 |"));
}

fn rows_of_map(text: &str) -> BTreeMap<&str, Vec<&str>> {
    let map = text.lines().skip_while(|line| !line.starts_with("host \\ node")).skip(1);
    let rows = map.take_while(|line| !line.starts_with("slowest:") && !line.contains("more hosts"));
    rows.map(|row| {
        let mut words = row.split_whitespace();
        (words.next().expect("a host"), words.collect())
    })
    .collect()
}

#[test]
fn many_hosts_are_folded_to_those_with_the_slowest_ranks() {
    let run = with_ranks(64, 16);
    let folded = report::table(&run, Detail::Summary);
    println!("{folded}");
    assert_fits(&folded);
    assert!(folded.contains("48 more hosts: every rank at 100 %"), "{folded}");
    assert!(folded.contains("~uster-node-0000 100 100 100..94 100 100 100++50 100"), "{folded}");
    let whole = report::table(&run, Detail::Everything);
    assert_fits(&whole);
    assert_eq!(whole.matches("~uster-node-00").count(), 64, "{whole}");
}

/// A thousand ranks on one host fill dozens of lines; the bands with the slowest ranks are shown.
#[test]
fn a_map_of_many_bands_is_folded_to_those_with_the_slowest_ranks() {
    let run = with_ranks(1, 1000);
    let folded = report::table(&run, Detail::Summary);
    assert_fits(&folded);
    assert!(folded.contains("\n840 more ranks: each at 100 %\n"), "{folded}");
    assert_eq!(folded.matches("\n~uster-node-0000 ").count(), 10, "{folded}");
    assert!(folded.contains("\n~uster-node-0000 100 100 100..94 100 100 100++50 100"), "{folded}");
    let whole = report::table(&run, Detail::Everything);
    assert_eq!(whole.matches("\n~uster-node-0000 ").count(), 63, "{whole}");
    // Hosts of several bands: fewer of them, but every node.
    let text = report::table(&with_ranks(40, 20), Detail::Summary);
    assert!(text.contains("\n31 more hosts: every rank at 100 %\n"), "{text}");
    assert_eq!(text.matches("\n~uster-node-").count(), 18, "{text}");
}

#[test]
fn ranks_that_share_a_node_and_ranks_on_none_have_their_own_cells() {
    let mut run = with_ranks(1, 4);
    for (row, node) in run.derived.cases[0].per_rank.iter_mut().zip([Some(0), Some(0), Some(1), None]) {
        row.node_index = node;
    }
    let text = report::table(&run, Detail::Summary);
    assert_fits(&text);
    let heads = text.lines().find(|line| line.starts_with("host \\ node")).expect("a map");
    assert_eq!(heads.split_whitespace().collect::<Vec<_>>(), ["host", "\\", "node", "-", "0a", "0b", "1"]);
    assert_eq!(rows_of_map(&text)["~uster-node-0000"], ["...94", "100", "100", "100"]);
    assert!(text.contains("slowest: rank 3 (not bound of cluster-node-0000): 94 %"), "{text}");
}

#[test]
fn shares_over_several_cases_are_the_median_of_each_ranks_shares() {
    let mut run = with_ranks(1, 3);
    let mut cases = Vec::new();
    let shares = [[1.0, 0.5, 1.0], [1.0, 0.7, 1.0], [1.0, 0.9, 1.2]];
    for (chunk, shares) in [4, 16, 64].into_iter().zip(shares) {
        let mut case = run.derived.cases[0].clone();
        case.parameters.insert("chunk_bytes".to_owned(), bytes(chunk));
        case.per_rank.iter_mut().zip(shares).for_each(|(row, share)| {
            row.rate.value = Some(share * 3.0 * f64::from(u32::try_from(chunk).expect("small")));
        });
        cases.push(case);
    }
    run.derived.cases = cases;
    let text = report::table(&run, Detail::Summary);
    assert_fits(&text);
    let expected = median(&shares.map(|shares| shares[1])).expect("three");
    assert!(text.contains("median over 3 cases"), "{text}");
    assert!(
        text.contains(&format!("slowest: rank 1 (node 1 of cluster-node-0000): {:.0} %", expected * 100.0)),
        "{text}"
    );
}

#[test]
fn one_rank_has_no_heat_map() {
    assert!(!report::table(&two_axes(), Detail::Everything).contains("median rank"));
}
