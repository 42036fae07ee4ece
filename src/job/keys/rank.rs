//! `[rank]`.

use super::super::Workers;
use super::super::diagnostic::Place;
use super::super::key::{Absent, Key, Kind, Section};
use super::super::section::{Combination, section};
use super::super::value::{Field, Value};
use crate::numa::Bind;
use crate::word::Word;

section! {
    /// `[rank]`
    Rank, one combination RankKnobs:
    single bind: Bind = "numa" in Kind::Word(Bind::WORDS),
        ["binding", "affinity", "pin"],
        "Binding of a rank to its NUMA node.";
    swept workers: Workers = "all" in Kind::CountOr { word: "all", min: 1, max: 4096 },
        ["threads", "cores", "cpus", "jobs", "numjobs"],
        "Workers of a rank, each pinned to one PU; \"all\" is one per PU of its node.";
    single share_nodes: bool = "false" in Kind::Switch,
        ["oversubscribe", "share"],
        "Allows more ranks than nodes; ranks of one node split its PUs.";
}
