//! A set of PUs by the kernel's index, read and written in the kernel's list format (`0-22,48-70`).

use std::collections::BTreeSet;
use std::fmt;

use crate::error::{Error, Result};

/// A set of PUs by the kernel's index. `Display` and [`PuSet::parse`] use the kernel's list format.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PuSet(BTreeSet<u32>);

/// One more than the largest accepted index: Linux is built for at most 8192 CPUs.
const INDEX_LIMIT: u32 = 1 << 16;

impl PuSet {
    /// Parses the kernel's list format; an empty text is the empty set.
    ///
    /// # Errors
    /// When the text is not such a list, or holds an index that no machine has.
    pub fn parse(text: &str) -> Result<PuSet> {
        let wrong = || Error::Environment(format!("\"{text}\" is not a list of PUs such as \"0-22,48-70\""));
        let index = |digits: &str| match digits.trim().parse::<u32>() {
            Ok(index) if index < INDEX_LIMIT => Ok(index),
            _ => Err(wrong()),
        };
        let mut set = BTreeSet::new();
        for run in text.trim().split(',').filter(|run| !run.is_empty()) {
            let (first, last) = run.split_once('-').unwrap_or((run, run));
            let (first, last) = (index(first)?, index(last)?);
            if first > last {
                return Err(wrong());
            }
            set.extend(first..=last);
        }
        Ok(PuSet(set))
    }

    /// True when the PU is in the set.
    pub fn contains(&self, pu: u32) -> bool {
        self.0.contains(&pu)
    }

    /// Number of PUs.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// True when the set holds no PU.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True when every PU of this set is in `other`.
    pub fn is_subset(&self, other: &PuSet) -> bool {
        self.0.is_subset(&other.0)
    }

    /// True when the sets have a PU in common.
    pub fn intersects(&self, other: &PuSet) -> bool {
        !self.0.is_disjoint(&other.0)
    }

    /// The PUs, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().copied()
    }

    /// The largest index.
    pub fn last(&self) -> Option<u32> {
        self.0.last().copied()
    }
}

impl FromIterator<u32> for PuSet {
    fn from_iter<I: IntoIterator<Item = u32>>(pus: I) -> PuSet {
        PuSet(pus.into_iter().collect())
    }
}

impl fmt::Display for PuSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut runs: Vec<(u32, u32)> = Vec::new();
        for pu in self.iter() {
            match runs.last_mut() {
                Some((_, last)) if *last + 1 == pu => *last = pu,
                _ => runs.push((pu, pu)),
            }
        }
        let runs: Vec<String> = runs
            .into_iter()
            .map(|(first, last)| if first == last { format!("{first}") } else { format!("{first}-{last}") })
            .collect();
        f.pad(&runs.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_the_kernel_parse_and_print_back() {
        for list in ["", "0", "0-1", "0-22,48-70", "1,3,5", "1023-1025,8191"] {
            assert_eq!(PuSet::parse(list).expect(list).to_string(), list);
        }
        assert_eq!(PuSet::parse("0,1,2,3-4\n").expect("runs that touch").to_string(), "0-4");
    }

    #[test]
    fn what_is_not_a_list_is_refused() {
        for text in ["x", "1-", "-1", "3-1", "0-4294967295", "65536", "1 2", "0x3"] {
            let message = PuSet::parse(text).expect_err(text).to_string();
            assert!(message.contains(text) && message.contains("0-22,48-70"), "{message}");
        }
    }

    #[test]
    fn set_relations_hold() {
        let set = |text| PuSet::parse(text).expect(text);
        assert!(set("1-2").is_subset(&set("0-3")) && !set("1-4").is_subset(&set("0-3")));
        assert!(set("1-4").intersects(&set("4-5")) && !set("1-3").intersects(&set("4-5")));
        assert!(set("7").contains(7) && set("").is_empty() && set("2,5-6").count() == 3);
    }
}
