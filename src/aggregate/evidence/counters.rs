//! Counters of histograms: in maps for summing, and packed for storage.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::failed;
use crate::error::{Error, Result};
use crate::record::line::Repetition;

/// Counters that are not zero, by index.
pub type Counters = BTreeMap<u32, u64>;

/// Adds counters index by index.
///
/// # Errors
/// When a sum does not fit 64 bits, which no measurement can reach.
pub(super) fn add(total: &mut Counters, counters: impl IntoIterator<Item = (u32, u64)>) -> Result<()> {
    for (index, count) in counters {
        let entry = total.entry(index).or_default();
        *entry = entry.checked_add(count).ok_or_else(|| overflow(index))?;
    }
    Ok(())
}

fn overflow(index: u32) -> Error {
    failed(format!("counter {index} does not fit 64 bits: the parts are damaged"))
}

/// Summed counters of some ranks and repetitions, by case and histogram.
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

    /// Adds the totals of other ranks.
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

    /// Packed counters by case and histogram.
    pub(super) fn into_packed(self) -> BTreeMap<String, BTreeMap<String, Packed>> {
        let pack = |(name, counters): (String, Counters)| (name, Packed::new(&counters));
        self.0.into_iter().map(|(case, all)| (case, all.into_iter().map(pack).collect())).collect()
    }
}

/// Counters as stored for each repetition: about 3 bytes a counter instead of 16 and a tree.
///
/// A counter is two numbers, the distance from the previous index and the count. Each number is stored with 7
/// bits a byte, the lowest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Packed(Box<[u8]>);

impl Packed {
    /// Packs counters.
    pub fn new(counters: &Counters) -> Packed {
        Packed::of(counters.iter().map(|(index, count)| (*index, *count)))
    }

    /// Packs counters that ascend by index.
    fn of(counters: impl Iterator<Item = (u32, u64)>) -> Packed {
        let (mut bytes, mut before) = (Vec::new(), 0);
        for (index, count) in counters {
            push(&mut bytes, u64::from(index - before));
            push(&mut bytes, count);
            before = index;
        }
        Packed(bytes.into_boxed_slice())
    }

    /// Returns the sum with other counters, which ascend by index.
    ///
    /// # Errors
    /// When a counter overflows.
    pub fn plus(&self, others: &[(u32, u64)]) -> Result<Packed> {
        let (mut ours, mut others) = (self.iter().peekable(), others.iter().copied().peekable());
        let mut sum: Vec<(u32, u64)> = Vec::new();
        loop {
            let next = match (ours.peek(), others.peek()) {
                (Some(a), Some(b)) if a.0 <= b.0 => ours.next(),
                (Some(_), None) => ours.next(),
                _ => others.next(),
            };
            match (next, sum.last_mut()) {
                (None, _) => return Ok(Packed::of(sum.into_iter())),
                (Some((index, count)), Some(last)) if last.0 == index => {
                    last.1 = last.1.checked_add(count).ok_or_else(|| overflow(index))?;
                }
                (Some(counter), _) => sum.push(counter),
            }
        }
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
    fn unpacking_returns_the_packed_counters() {
        let mut random = Random::new(41);
        let mut cases = vec![
            Counters::new(),
            Counters::from([(0, 1)]),
            // Every length of a packed number.
            Counters::from([(0, 0x7f), (0x80, 0x80), (0x4000, 0x3fff), (u32::MAX, u64::MAX)]),
        ];
        cases.extend((0..50).map(|size| {
            (0..size * 20).map(|_| (random.below(27_648), random.bits() >> random.below(64))).collect()
        }));
        for counters in cases {
            assert!(Packed::new(&counters).iter().eq(counters.clone()), "seed 41: {counters:?}");
        }
    }

    #[test]
    fn packed_sums_are_the_sums_of_maps() {
        let mut random = Random::new(42);
        let (mut packed, mut map) = (Packed::default(), Counters::new());
        for round in 0..100 {
            let counters: Counters =
                (0..random.below(60)).map(|_| (random.below(200), u64::from(random.below(9)) + 1)).collect();
            let list: Vec<(u32, u64)> = counters.clone().into_iter().collect();
            packed = packed.plus(&list).expect("small counts");
            add(&mut map, counters).expect("small counts");
            assert!(packed.iter().eq(map.clone()), "seed 42, round {round}");
        }
        let full = Packed::new(&Counters::from([(7, u64::MAX)]));
        let why = full.plus(&[(7, 1)]).expect_err("it is full").to_string();
        assert!(why.contains("counter 7 does not fit 64 bits"), "{why}");
    }
}
