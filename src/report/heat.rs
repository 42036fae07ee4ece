//! The heat map: hosts down, nodes across, each rank's rate relative to the median rank. More ink is slower.

use std::collections::{BTreeMap, BTreeSet};

use super::cells;
use super::grid::{Column, Grid};
use super::terminal::Screen;
use super::text::{cut_host, short_host};
use crate::record::run::{CaseResult, RankResult};
use crate::stats::median;
use crate::units::counted;

/// Marks: a cell below this share of the median rank is filled with the mark.
const SHADES: [(f64, char); 4] = [(0.50, '#'), (0.75, '+'), (0.90, ':'), (0.97, '.')];
/// Above this number of hosts, only those with the slowest ranks are shown; fewer where a host needs several lines.
const HOSTS_SHOWN: usize = 16;
/// Lines for the hosts and the places of a map that does not show all.
const LINES_SHOWN: usize = 20;
/// Columns for a host's name.
const HOST_COLUMNS: usize = 16;
/// Narrowest and widest cell, in columns.
const CELL_COLUMNS: std::ops::RangeInclusive<usize> = 4..=6;

/// Heading of the host names.
const CORNER: &str = "host \\ node";

/// Seat of a rank: its node, and its index among the ranks of that node.
type Place = (Option<u32>, usize);

/// The hosts and bands of places to show, and a line about the other ranks.
type Folded<'map, 'run> = (Vec<&'map Host<'run>>, Vec<&'map [Place]>, Option<String>);

/// Every rank's rate as a share of the median rank's rate.
pub(super) struct Heat<'run> {
    /// Number of cases that the median is taken over.
    cases: usize,
    /// Rate of the median rank, with its unit; `None` for several cases.
    middle: Option<String>,
    places: BTreeSet<Place>,
    hosts: Vec<Host<'run>>,
}

struct Host<'run> {
    name: &'run str,
    shares: BTreeMap<Place, Share<'run>>,
}

#[derive(Clone, Copy)]
struct Share<'run> {
    rank: &'run RankResult,
    share: f64,
}

/// Shares of one case, or each rank's median share over several cases. `None` with fewer than two ranks that have
/// a rate.
pub(super) fn of<'run>(cases: &[&'run CaseResult]) -> Option<Heat<'run>> {
    let mut shares: BTreeMap<u32, (&RankResult, Vec<f64>)> = BTreeMap::new();
    for case in cases {
        let Some(middle) = median(&rates(case)).filter(|middle| *middle > 0.0) else { continue };
        for rank in &case.per_rank {
            let entry = shares.entry(rank.rank).or_insert_with(|| (rank, Vec::new()));
            entry.1.extend(rank.rate.value.map(|rate| rate / middle));
        }
    }
    if shares.values().filter(|(_, shares)| !shares.is_empty()).count() < 2 {
        return None;
    }
    let middle = match cases {
        [case] => cells::rate(case).map(|(measure, _)| cells::figure(measure, median(&rates(case)))),
        _ => None,
    };
    let mut heat = Heat { cases: cases.len(), middle, places: BTreeSet::new(), hosts: Vec::new() };
    for (rank, shares) in shares.into_values() {
        heat.insert(rank, median(&shares));
    }
    Some(heat)
}

fn rates(case: &CaseResult) -> Vec<f64> {
    case.per_rank.iter().filter_map(|rank| rank.rate.value).collect()
}

impl<'run> Heat<'run> {
    fn insert(&mut self, rank: &'run RankResult, share: Option<f64>) {
        let index = self.hosts.iter().position(|host| host.name == rank.host).unwrap_or(self.hosts.len());
        if index == self.hosts.len() {
            self.hosts.push(Host { name: &rank.host, shares: BTreeMap::new() });
        }
        let host = &mut self.hosts[index];
        let others = host.shares.keys().filter(|(node, _)| *node == rank.node_index).count();
        let place = (rank.node_index, others);
        self.places.insert(place);
        if let Some(share) = share {
            host.shares.insert(place, Share { rank, share });
        }
    }

    /// Description of the figures.
    pub(super) fn unit(&self) -> String {
        let unit = "each rank's rate in % of the median rank's";
        match &self.middle {
            Some(rate) => format!("{unit}, {rate}"),
            None => format!("{unit}, median over {} cases", self.cases),
        }
    }

    /// Explanation of the marks.
    pub(super) fn legend() -> String {
        let shades = SHADES.iter().rev().map(|(below, mark)| format!("{mark} below {:.0}", below * 100.0));
        format!("cells filled with {}", shades.collect::<Vec<_>>().join(", "))
    }

    /// The map of all hosts, or of those with the slowest ranks and a line about the others.
    pub(super) fn text(&self, screen: Screen, all: bool) -> String {
        let name_columns = self.hosts.iter().map(|host| host_name(host.name).chars().count()).max();
        let name_columns = name_columns.unwrap_or(0).max(CORNER.len());
        let places: Vec<Place> = self.places.iter().copied().collect();
        let room = usize::from(screen.columns()) - name_columns;
        let widest = room / places.len().clamp(1, room);
        let columns = widest.clamp(*CELL_COLUMNS.start(), *CELL_COLUMNS.end());
        let bands: Vec<&[Place]> = places.chunks(room / columns).collect();
        let (hosts, bands, folded) = self.folded(bands, all);
        let mut text = String::new();
        for band in bands {
            let heads = band.iter().map(|place| format!("{:>columns$}", self.head(*place)));
            text += &format!("{:<name_columns$}{}\n", CORNER, heads.collect::<String>());
            for host in &hosts {
                let cells = band.iter().map(|place| cell(host.shares.get(place), columns));
                let line = format!("{:<name_columns$}{}", host_name(host.name), cells.collect::<String>());
                text += &format!("{}\n", line.trim_end());
            }
        }
        text + &folded.map_or(String::new(), |line| line + "\n")
    }

    /// The map for Markdown: all hosts, without marks.
    pub(super) fn grid(&self) -> Grid {
        let mut grid = Grid::of_rows(self.hosts.len());
        grid.push(Column::words("host"), self.hosts.iter().map(|host| short_host(host.name)));
        for place in &self.places {
            let column = Column::figures(format!("node {}", self.head(*place)), "%");
            grid.push(column, self.hosts.iter().map(|host| figure(host.shares.get(place))));
        }
        grid
    }

    /// The slowest rank, and every other rank far below the median: at most three, and a count of the rest.
    pub(super) fn slowest(&self) -> Vec<String> {
        const NAMED: usize = 3;
        let mut shares: Vec<Share<'_>> = self.shares().collect();
        shares.sort_by(|a, b| a.share.total_cmp(&b.share));
        let far = shares.iter().filter(|share| share.share < SHADES[SHADES.len() - 1].0).count();
        let lines = shares.iter().take(far.clamp(1, NAMED)).map(|Share { rank, share }| {
            let node = rank.node_index.map_or("not bound".to_owned(), |node| format!("node {node}"));
            format!("rank {} ({node} of {}): {:.0} %", rank.rank, short_host(&rank.host), share * 100.0)
        });
        let rest = far.saturating_sub(NAMED);
        let more =
            (rest > 0).then(|| format!("{rest} more below {:.0} %", SHADES[SHADES.len() - 1].0 * 100.0));
        lines.chain(more).collect()
    }

    fn shares(&self) -> impl Iterator<Item = Share<'run>> {
        self.hosts.iter().flat_map(|host| host.shares.values().copied())
    }

    /// Hosts and bands of places to show, in the order of the run, and a line about the other ranks.
    fn folded<'map>(&'map self, bands: Vec<&'map [Place]>, all: bool) -> Folded<'map, 'run> {
        let (hosts, bands_shown) = (self.hosts.len(), bands.len().clamp(1, LINES_SHOWN / 2));
        let hosts_shown = (LINES_SHOWN / bands_shown - 1).min(HOSTS_SHOWN);
        if all || (hosts <= hosts_shown && bands.len() <= bands_shown) {
            return (self.hosts.iter().collect(), bands, None);
        }
        let kept = slowest(hosts, hosts_shown, |host| self.hosts[host].shares.values().copied().collect());
        let kept_bands = slowest(bands.len(), bands_shown, |band| {
            { self.hosts.iter() }
                .flat_map(|host| bands[band].iter().filter_map(|place| host.shares.get(place).copied()))
                .collect()
        });
        let is_shown = |host: usize, place: &Place| {
            kept.contains(&host) && kept_bands.iter().any(|band| bands[*band].contains(place))
        };
        let ranks = self.hosts.iter().enumerate().flat_map(|(index, host)| {
            host.shares.iter().filter(move |(place, _)| !is_shown(index, place)).map(|(_, share)| share.share)
        });
        let rest: Vec<f64> = ranks.collect();
        let [low, high] =
            [rest.iter().copied().fold(f64::INFINITY, f64::min), rest.iter().copied().fold(0.0, f64::max)];
        let [low, high] = [low, high].map(|share| format!("{:.0}", share * 100.0));
        let range = if low == high { low } else { format!("{low} to {high}") };
        let line = match kept_bands.len() == bands.len() {
            true => {
                format!("{}: every rank at {range} %", counted((hosts - kept.len()) as u64, "more host"))
            }
            false => format!("{}: each at {range} %", counted(rest.len() as u64, "more rank")),
        };
        let hosts = kept.iter().map(|host| &self.hosts[*host]).collect();
        (hosts, kept_bands.iter().map(|band| bands[*band]).collect(), Some(line))
    }

    /// `3`; or `3a`, `3b` for a node with several ranks.
    fn head(&self, (node, of_node): Place) -> String {
        let node_name = node.map_or("-".to_owned(), |node| node.to_string());
        match self.places.contains(&(node, 1)) {
            true => node_name + &letters(of_node),
            false => node_name,
        }
    }
}

/// Indices of at most this many groups of shares, those with the lowest, in ascending order.
fn slowest<'run>(count: usize, most: usize, shares: impl Fn(usize) -> Vec<Share<'run>>) -> Vec<usize> {
    let lowest = |group: usize| shares(group).iter().map(|share| share.share).fold(f64::INFINITY, f64::min);
    let mut groups: Vec<(usize, f64)> = (0..count).map(|group| (group, lowest(group))).collect();
    groups.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut kept: Vec<usize> = groups.into_iter().take(most).map(|(group, _)| group).collect();
    kept.sort_unstable();
    kept
}

/// `a` to `z`, then `aa`.
fn letters(index: usize) -> String {
    let letter = char::from(b'a' + u8::try_from(index % 26).expect("below 26"));
    match index / 26 {
        0 => letter.to_string(),
        more => letters(more - 1) + &letter.to_string(),
    }
}

fn host_name(host: &str) -> String {
    cut_host(host, HOST_COLUMNS)
}

fn figure(share: Option<&Share<'_>>) -> String {
    share.map_or("-".to_owned(), |share| format!("{:.0}", (share.share * 100.0).min(999.0)))
}

/// Figure right-aligned, mark to its left, and a blank between cells when there is room.
fn cell(share: Option<&Share<'_>>, columns: usize) -> String {
    let mark = share.and_then(|share| SHADES.iter().find(|(below, _)| share.share < *below));
    let mark = mark.map_or(' ', |(_, mark)| *mark);
    let figure = figure(share);
    let gap = usize::from(columns > *CELL_COLUMNS.start());
    let filled = columns - gap - figure.len();
    format!("{:gap$}{}{figure}", "", mark.to_string().repeat(filled))
}
