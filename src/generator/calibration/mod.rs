//! How many random bytes a granule has so that a codec compresses it by a ratio.
//!
//! A codec leaves of a granule its random bytes and an overhead: the frame, the filler, and what it says of the random
//! bytes (LZ4: a byte for every 255). The overheads stand in `table.txt`, measured on the stream itself by
//! [`measuring`]; `make calibration` writes them again. They belong to the version of the stream: other random bytes,
//! other data.

pub mod measuring;

use std::fmt;
use std::ops::RangeInclusive;

use crate::generator::codec::Codec;
use crate::generator::ratio::Ratio;
use crate::generator::sizes::{GRANULE_BYTES_MAX, GRANULE_BYTES_MIN};
use crate::units::{Bytes, three_digits};
use crate::word::Word;

/// How far from the ratio a granule may be. Beyond it one in 256 may be a byte smaller, whose first random byte happens to
/// continue the filler: more than this only where a granule is left with less than 100 bytes.
pub const TOLERANCE: f64 = 0.02;

/// The table that is shipped.
pub const TABLE: &str = include_str!("table.txt");

/// What a codec leaves of a granule beyond its random bytes, if it has as many random bytes as this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overhead {
    random_bytes: RangeInclusive<u64>,
    /// The least and the most, over these numbers of random bytes.
    overhead_bytes: RangeInclusive<u64>,
}

/// One granule size under one codec: what it can be compressed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calibration {
    codec: Codec,
    granule_bytes: u64,
    /// Ascending, without a gap. With more random bytes than the last has the codec stores the granule as it is.
    overheads: Vec<Overhead>,
}

impl Calibration {
    /// From the table that is shipped.
    ///
    /// # Panics
    /// When the table has no such granule: a caller checks that it is a power of two in range.
    pub fn shipped(codec: Codec, granule_bytes: u64) -> Calibration {
        let rows = TABLE.lines().filter_map(row);
        let own = rows.filter(|(of, granule, _)| (*of, *granule) == (codec.word(), granule_bytes));
        let overheads: Vec<Overhead> = own.map(|(.., overhead)| overhead).collect();
        assert!(!overheads.is_empty(), "no row for {} and granules of {granule_bytes}", codec.word());
        Calibration { codec, granule_bytes, overheads }
    }

    /// The random bytes with which every granule comes nearest to the ratio.
    ///
    /// # Errors
    /// When some granule would be further from it than the tolerance; what would be met.
    pub fn random_bytes(&self, ratio: Ratio) -> Result<u64, String> {
        self.within_tolerance(ratio).ok_or_else(|| self.refuse(ratio))
    }

    fn within_tolerance(&self, ratio: Ratio) -> Option<u64> {
        let target = self.granule_bytes as f64 / ratio.value();
        let of_overhead = |overhead: &Overhead| {
            let (from, to) = overhead.random_bytes.clone().into_inner();
            // Rounds to the nearest byte; below `from` and above `to` the nearest of them is what there is.
            let random_bytes = ((target - overhead.mean()).round().max(0.0) as u64).clamp(from, to);
            (random_bytes, overhead.error(random_bytes, target))
        };
        let best = self.overheads.iter().map(of_overhead).min_by(|(_, a), (_, b)| a.total_cmp(b));
        let (random_bytes, error) = best.expect("a calibration has a row");
        // What is exactly on the edge is met, however the division was rounded.
        (error <= TOLERANCE + 1e-9).then_some(random_bytes)
    }

    /// Between these all ratios are met, besides 1.
    pub fn ratios(&self) -> (f64, f64) {
        let (first, last) = (&self.overheads[0], &self.overheads[self.overheads.len() - 1]);
        // The random bytes are whole, and so a granule may be half a byte off besides: where it has few, not every ratio is met.
        let whole = (first.spread() / 2.0 + 0.5) / TOLERANCE;
        let most = self.granule_bytes as f64 / whole.max(*first.random_bytes.start() as f64 + first.mean());
        let least = self.granule_bytes as f64 / (*last.random_bytes.end() as f64 + last.mean());
        (least.max(1.0), most)
    }

    #[cold]
    fn refuse(&self, ratio: Ratio) -> String {
        let Calibration { codec, granule_bytes, .. } = self;
        let (least, most) = self.ratios();
        let granules: Vec<String> = granules()
            .filter(|granule| Calibration::shipped(*codec, *granule).within_tolerance(ratio).is_some())
            .map(|granule| Bytes(granule).to_string())
            .collect();
        let granules = match &granules[..] {
            [] => String::new(),
            [one] => format!(", or a granule of {one}"),
            [first, .., last] => format!(", or a granule of {first} to {last}"),
        };
        format!(
            "{} does not compress a granule of {} {ratio} : 1 to within {:.0}%; accepted: 1, {} to {} : 1{granules}",
            codec.word(),
            Bytes(*granule_bytes),
            TOLERANCE * 100.0,
            // Rounded to the inside: what is named is accepted.
            three_digits((least * 100.0).ceil() / 100.0),
            three_digits(floor_to_three_digits(most)),
        )
    }
}

impl Overhead {
    fn mean(&self) -> f64 {
        let (least, most) = self.overhead_bytes.clone().into_inner();
        (least + most) as f64 / 2.0
    }

    fn spread(&self) -> f64 {
        let (least, most) = self.overhead_bytes.clone().into_inner();
        (most - least) as f64
    }

    /// How far, at most, a granule with these random bytes is from this size.
    fn error(&self, random_bytes: u64, target: f64) -> f64 {
        let far = |overhead: u64| ((random_bytes + overhead) as f64 / target - 1.0).abs();
        far(*self.overhead_bytes.start()).max(far(*self.overhead_bytes.end()))
    }
}

/// Every granule size.
pub fn granules() -> impl Iterator<Item = u64> {
    let sizes = std::iter::successors(Some(GRANULE_BYTES_MIN), |bytes| Some(bytes * 2));
    sizes.take_while(|bytes| *bytes <= GRANULE_BYTES_MAX)
}

/// One row of the table: codec, granule, random bytes from and to, overhead from and to.
fn row(line: &str) -> Option<(&str, u64, Overhead)> {
    let (codec, numbers) = line.split_once(' ').filter(|_| !line.starts_with('#'))?;
    let numbers: Vec<u64> = numbers.split_whitespace().map_while(|number| number.parse().ok()).collect();
    let [granule_bytes, from, to, least, most] = numbers[..] else { return None };
    let overhead = Overhead { random_bytes: from..=to, overhead_bytes: least..=most };
    Some((codec, granule_bytes, overhead))
}

fn floor_to_three_digits(value: f64) -> f64 {
    let scale = 10f64.powi(2 - value.log10().floor() as i32);
    (value * scale).floor() / scale
}

/// As rows of the table.
impl fmt::Display for Calibration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Overhead { random_bytes, overhead_bytes } in &self.overheads {
            let Calibration { codec, granule_bytes, .. } = self;
            let (from, to) = random_bytes.clone().into_inner();
            let (least, most) = overhead_bytes.clone().into_inner();
            writeln!(f, "{} {granule_bytes} {from} {to} {least} {most}", codec.word())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::sizes::RANDOM_BYTES_MIN;

    #[test]
    fn every_ratio_between_the_ends_is_met_and_none_beyond_them() {
        for &codec in Codec::ALL {
            for granule_bytes in granules() {
                let calibration = Calibration::shipped(codec, granule_bytes);
                assert_eq!(calibration.overheads[0].random_bytes.start(), &RANDOM_BYTES_MIN);
                let joined = calibration.overheads.windows(2);
                assert!(
                    { joined }.all(|pair| pair[0].random_bytes.end() + 1 == *pair[1].random_bytes.start())
                );
                let (least, most) = calibration.ratios();
                let steps = 200;
                for step in 0..=steps {
                    let ratio = least * (most / least).powf(f64::from(step) / f64::from(steps));
                    let ratio = Ratio::new((ratio * 1e4).floor() as u64, 10_000).expect("in range");
                    let random_bytes = calibration.random_bytes(ratio);
                    let random_bytes = random_bytes.unwrap_or_else(|why| panic!("{why}"));
                    assert!((RANDOM_BYTES_MIN..=granule_bytes).contains(&random_bytes), "{ratio}");
                }
                let beyond = granule_bytes as f64 / (RANDOM_BYTES_MIN as f64 + 10.0);
                let beyond = Ratio::new(beyond as u64 + 1, 1).expect("in range");
                let why = calibration.random_bytes(beyond).expect_err("beyond the end");
                assert!(why.contains("accepted: 1, 1.0"), "{why}");
            }
        }
    }

    #[test]
    fn what_cannot_be_met_is_refused_with_what_can() {
        let refused = |codec, granule_bytes, ratio: &str| {
            let ratio = Ratio::parse(ratio).expect(ratio);
            Calibration::shipped(codec, granule_bytes).random_bytes(ratio).expect_err("out of reach")
        };
        let why = refused(Codec::Lz4, 512, "40");
        assert!(why.starts_with("lz4 does not compress a granule of 512B 40 : 1 to within 2%"), "{why}");
        assert!(why.contains("accepted: 1, 1.0") && why.ends_with("or a granule of 2KiB to 128KiB"), "{why}");
    }
}
