//! Locality of all ranks' memory. A share is given only when the kernel answered on every rank.

use std::collections::BTreeMap;

use crate::record::line::{Begin, End, LocalityRecord};
use crate::record::run::{Locality, Pages};

/// Share of local pages among the pages with memory, over all ranks; the lower of start and end.
pub(super) fn of_all(begins: &[Begin], ends: &BTreeMap<u32, End>) -> Locality {
    let start: Vec<&LocalityRecord> = begins.iter().map(|begin| &begin.locality).collect();
    let end: Vec<&LocalityRecord> = ends.values().map(|end| &end.locality).collect();
    let all_ended = end.len() == start.len();
    let mut unverified = reasons(&start).or_else(|| reasons(&end));
    let mut share = None;
    if unverified.is_none() {
        share = share_of(sum(&start));
        // Ranks that reached the end count even when others did not.
        if !end.is_empty() {
            share = lowest(share, share_of(sum(&end)));
        }
        if share.is_none() {
            unverified = Some("no page had memory behind it when the kernel was asked".to_owned());
        }
    }
    Locality { share, unverified, start: sum(&start), end: all_ended.then(|| sum(&end)) }
}

/// One rank's share of local pages, the lower of start and end.
pub(super) fn of_rank(start: &LocalityRecord, end: Option<&LocalityRecord>) -> Option<f64> {
    let share =
        |record: &LocalityRecord| record.unverified.is_none().then(|| share_of(sum(&[record]))).flatten();
    let (start, end) = (share(start), end.map(share));
    end.map_or(start, |end| lowest(start, end))
}

/// The smaller value; `None` unless both are known.
fn lowest(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    Some(a?.min(b?))
}

fn reasons(records: &[&LocalityRecord]) -> Option<String> {
    let reasons: Vec<&String> = records.iter().filter_map(|record| record.unverified.as_ref()).collect();
    let first = reasons.first()?;
    match reasons.len() {
        all if all == records.len() => Some((*first).clone()),
        some => Some(format!("on {some} of {} ranks: {first}", records.len())),
    }
}

fn sum(records: &[&LocalityRecord]) -> Pages {
    records.iter().fold(Pages::default(), |pages, record| Pages {
        local: pages.local.saturating_add(record.local_pages),
        remote: pages.remote.saturating_add(record.remote_pages),
        absent: pages.absent.saturating_add(record.absent_pages),
    })
}

fn share_of(pages: Pages) -> Option<f64> {
    let present = pages.local.saturating_add(pages.remote);
    (present > 0).then(|| pages.local as f64 / present as f64)
}
