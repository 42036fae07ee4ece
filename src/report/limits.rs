//! Limits of the memory for plain stores and for triad, and the share that a case reached: by host, socket and
//! node.

use super::cells::NODE_UNKNOWN;
use super::grid::{Column, Grid};
use super::text::{NOT_AVAILABLE, percent, plain, ratio_percent, short_host};
use crate::record::run::{CaseLimits, CaseResult, GroupLimit};
use crate::units::human_rate;

/// Up to this number, all nodes are shown; beyond it, only those with the lowest shares.
const NODES_MAX: usize = 16;
const LOWEST_SHOWN: usize = 8;

/// Limits of one case: its hosts and sockets with several nodes, and its nodes.
pub(super) struct Limits<'run> {
    case: &'run CaseResult,
    limits: &'run CaseLimits,
    everything: bool,
}

impl<'run> Limits<'run> {
    /// `None` when the limits of the case were not measured. With `everything`, all nodes are shown.
    pub(super) fn of(case: &'run CaseResult, everything: bool) -> Option<Limits<'run>> {
        Some(Limits { case, limits: case.limits.as_ref()?, everything })
    }

    /// Title of the table.
    pub(super) fn title(&self) -> String {
        let hidden = self.limits.nodes.len() - self.nodes().len();
        let lowest = if hidden > 0 {
            format!("; the lowest of {} nodes", self.limits.nodes.len())
        } else {
            String::new()
        };
        format!(
            "limits of {}: plain stores and triad (a = b + s c) on the same pages and cores, and the share reached{lowest}",
            plain(&self.case.id)
        )
    }

    /// One row for each group.
    pub(super) fn grid(&self) -> Grid {
        let (nodes, sockets) = (self.nodes(), &self.limits.sockets);
        let mut rows: Vec<(String, &GroupLimit)> = Vec::new();
        let several = |group: &&GroupLimit| group.ranks.len() > 1;
        rows.extend(self.limits.hosts.iter().filter(several).map(|host| (short_host(&host.host), host)));
        let of_one_host =
            |socket: &GroupLimit| sockets.iter().filter(|other| other.host == socket.host).count() > 1;
        let shown = sockets.iter().filter(several).filter(|socket| of_one_host(socket));
        rows.extend(shown.map(|socket| (self.socket(socket), socket)));
        rows.extend(nodes.into_iter().map(|node| (self.node(node), node)));
        let mut grid = Grid::of_rows(rows.len());
        grid.push(Column::words("where"), rows.iter().map(|(name, _)| name.clone()));
        let mut figures = |name: &str, unit: &str, cell: &dyn Fn(&GroupLimit) -> String| {
            grid.push(Column::figures(name, unit), rows.iter().map(|(_, group)| cell(group)));
        };
        figures("stores", "GiB/s", &|group| rate(group.write_bytes_per_s));
        figures("triad", "GiB/s", &|group| rate(group.triad_bytes_per_s));
        figures("reached", "% of stores", &|group| share(group.share));
        // A rank without others on its host always measures alone.
        if self.limits.hosts.iter().any(|host| several(&host)) {
            let alone =
                |group: &GroupLimit, cell: String| if several(&group) { "-".to_owned() } else { cell };
            figures("stores", "alone", &|group| alone(group, rate(group.write_alone_bytes_per_s)));
            figures("triad", "alone", &|group| alone(group, rate(group.triad_alone_bytes_per_s)));
            figures("reached", "% of alone", &|group| alone(group, share(group.share_alone)));
        }
        grid
    }

    /// All nodes, or those with the lowest shares.
    fn nodes(&self) -> Vec<&'run GroupLimit> {
        let mut nodes: Vec<&GroupLimit> = self.limits.nodes.iter().collect();
        if nodes.len() > NODES_MAX && !self.everything {
            nodes.sort_by(|a, b| a.share.unwrap_or(f64::MAX).total_cmp(&b.share.unwrap_or(f64::MAX)));
            nodes.truncate(LOWEST_SHOWN);
        }
        nodes
    }

    fn socket(&self, socket: &GroupLimit) -> String {
        let number = socket.package.map_or(NOT_AVAILABLE.to_owned(), |package| package.to_string());
        format!("{} socket {number}", short_host(&socket.host))
    }

    fn node(&self, node: &GroupLimit) -> String {
        let rank = node.ranks.first().copied().unwrap_or_default();
        let row = self.case.per_rank.iter().find(|row| row.rank == rank);
        let name = match row.and_then(|row| row.node_index) {
            Some(index) => format!("node {index}"),
            None => NODE_UNKNOWN.to_owned(),
        };
        format!("{} {name}, rank {rank}", short_host(&node.host))
    }
}

/// Explanation of the limits; `None` when none was measured.
pub(super) fn how(cases: &[CaseResult]) -> Option<String> {
    cases.iter().any(|case| case.limits.is_some()).then(|| {
        "limit: the best of three store loops (memset, ordinary, non-temporal) over blocks like the case's own, on its \
         PUs, before and after each repetition; for groups, all ranks at once"
            .to_owned()
    })
}

/// Cases with a limit that changed during the run.
pub(super) fn drifts(cases: &[CaseResult]) -> Vec<String> {
    let drifted = cases.iter().filter_map(|case| {
        let limits = case.limits.as_ref().filter(|limits| limits.drifted)?;
        Some((case, limits.drift?))
    });
    drifted
        .map(|(case, drift)| {
            let (share, way) = (percent(drift.abs()), if drift > 0.0 { "faster" } else { "slower" });
            format!(
                "drift: plain stores of {} were {share} {way} after the repetitions than before",
                plain(&case.id)
            )
        })
        .collect()
}

fn rate(bytes_per_s: Option<f64>) -> String {
    bytes_per_s.map_or(NOT_AVAILABLE.to_owned(), human_rate)
}

fn share(share: Option<f64>) -> String {
    share.map_or(NOT_AVAILABLE.to_owned(), ratio_percent)
}
