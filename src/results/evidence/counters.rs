//! Counters of histograms as they are summed and as they are kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::failed;
use crate::error::Result;
use crate::results::record::Repetition;

/// Counters that are not zero, by index.
pub type Counters = BTreeMap<u32, u64>;

/// Adds counter by counter.
///
/// # Errors
/// When a sum does not fit 64 bits: no clock measured that.
pub(super) fn add(total: &mut Counters, counters: impl IntoIterator<Item = (u32, u64)>) -> Result<()> {
    for (index, count) in counters {
        let entry = total.entry(index).or_default();
        *entry = entry
            .checked_add(count)
            .ok_or_else(|| failed(format!("counter {index} does not fit 64 bits: the parts are damaged")))?;
    }
    Ok(())
}

/// The counters of some ranks and repetitions, summed: by case, by histogram.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Totals(BTreeMap<String, BTreeMap<String, Counters>>);

impl Totals {
    /// Adds a repetition of one rank.
    ///
    /// # Errors
    /// When a counter overflows.
    pub fn add(&mut self, repetition: &Repetition) -> Result<()> {
        if !self.0.contains_key(&repetition.case) {
            self.0.insert(repetition.case.clone(), BTreeMap::new());
        }
        let case = self.0.get_mut(&repetition.case).expect("it was just made sure");
        for (name, record) in &repetition.histograms {
            match case.get_mut(name) {
                Some(total) => add(total, record.counters.iter().copied())?,
                None => drop(case.insert(name.clone(), record.counters.iter().copied().collect())),
            }
        }
        Ok(())
    }

    /// Adds other ranks.
    ///
    /// # Errors
    /// When a counter overflows.
    pub fn merge(&mut self, other: Totals) -> Result<()> {
        for (case, histograms) in other.0 {
            let totals = self.0.entry(case).or_default();
            for (name, counters) in histograms {
                add(totals.entry(name).or_default(), counters)?;
            }
        }
        Ok(())
    }

    /// By case, by histogram.
    pub(super) fn into_packed(self) -> BTreeMap<String, BTreeMap<String, Packed>> {
        let pack = |(name, counters): (String, Counters)| (name, Packed::new(&counters));
        self.0.into_iter().map(|(case, all)| (case, all.into_iter().map(pack).collect())).collect()
    }
}

/// Counters as they are kept for each repetition: about three bytes each instead of sixteen and a tree.
///
/// Each is two numbers, seven bits a byte and the lowest first: the distance from the counter before, and the count.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Packed(Box<[u8]>);

impl Packed {
    /// Packs.
    pub fn new(counters: &Counters) -> Packed {
        let mut bytes = Vec::with_capacity(3 * counters.len());
        let mut before = 0;
        for (index, count) in counters {
            push(&mut bytes, u64::from(index - before));
            push(&mut bytes, *count);
            before = *index;
        }
        Packed(bytes.into_boxed_slice())
    }

    /// Each counter with its index, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (u32, u64)> {
        let (mut bytes, mut index) = (self.0.iter().copied(), 0);
        std::iter::from_fn(move || {
            let distance = take(&mut bytes)?;
            index += u32::try_from(distance).expect("it was packed from 32 bits");
            Some((index, take(&mut bytes).expect("an index is followed by its count")))
        })
    }
}

fn push(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}

fn take(bytes: &mut impl Iterator<Item = u8>) -> Option<u64> {
    let (mut number, mut shift) = (0, 0);
    loop {
        let byte = bytes.next()?;
        number |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte < 0x80 {
            return Some(number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mix::Random;

    #[test]
    fn what_is_packed_comes_out_again() {
        let mut random = Random::new(41);
        let mut cases = vec![
            Counters::new(),
            Counters::from([(0, 1)]),
            // Every width of a number, up to the widest.
            Counters::from([(0, 0x7f), (0x80, 0x80), (0x4000, 0x3fff), (u32::MAX, u64::MAX)]),
        ];
        cases.extend((0..50).map(|size| {
            (0..size * 20).map(|_| (random.below(27_648), random.bits() >> random.below(64))).collect()
        }));
        for counters in cases {
            assert!(Packed::new(&counters).iter().eq(counters.clone()), "seed 41: {counters:?}");
        }
    }
}
