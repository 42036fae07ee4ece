//! Number of random bytes with which a codec compresses a granule by a given ratio.
//!
//! A compressed granule consists of its random bytes and an overhead: the frame, the filler, and lengths of the random
//! bytes (LZ4: one byte for every 255). `table.txt` holds the overheads, measured on the stream itself by
//! [`measuring`]; `make calibration` writes them again. They belong to the version of the stream: another number of random
//! bytes gives other data.

#[cfg(feature = "cli")]
pub mod measuring;

use std::fmt;
use std::ops::RangeInclusive;

use crate::generator::codec::Codec;
use crate::generator::ratio::Ratio;
use crate::generator::sizes::{GRANULE_BYTES_MAX, GRANULE_BYTES_MIN};
use crate::units::{Bytes, three_digits};
use crate::word::Word;

/// Largest relative error of a granule's compressed size. One granule in 256 may be a byte smaller still, because its first
/// random byte continues the filler by chance: that exceeds the tolerance only for compressed sizes below 100 bytes.
pub const TOLERANCE: f64 = 0.02;

/// The table of this release.
pub const TABLE: &str = include_str!("table.txt");

/// Compressed bytes of a granule beyond its random bytes, for a range of numbers of random bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overhead {
    random_bytes: RangeInclusive<u64>,
    /// The least and the most over that range.
    overhead_bytes: RangeInclusive<u64>,
}

/// One granule size under one codec: the sizes it can be compressed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calibration {
    codec: Codec,
    granule_bytes: u64,
    /// Ascending, without a gap. With more random bytes than the last row's the codec stores the granule as it is.
    overheads: Vec<Overhead>,
}

impl Calibration {
    /// The calibration in the table of this release.
    ///
    /// # Panics
    /// When the table has no such granule: callers check that it is a power of two in range.
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
    /// When the error of a granule would exceed the tolerance; the message names the ratios that are met.
    pub fn random_bytes(&self, ratio: Ratio) -> Result<u64, String> {
        self.within_tolerance(ratio).ok_or_else(|| self.refuse(ratio))
    }

    fn within_tolerance(&self, ratio: Ratio) -> Option<u64> {
        let target = self.granule_bytes as f64 / ratio.value();
        let of_overhead = |overhead: &Overhead| {
            let (from, to) = overhead.random_bytes.clone().into_inner();
            // To the nearest byte, within this row.
            let random_bytes = ((target - overhead.mean()).round().max(0.0) as u64).clamp(from, to);
            (random_bytes, overhead.error(random_bytes, target))
        };
        let best = self.overheads.iter().map(of_overhead).min_by(|(_, a), (_, b)| a.total_cmp(b));
        let (random_bytes, error) = best.expect("a calibration has a row");
        // A value exactly at the tolerance is met, whatever the rounding of the division.
        (error <= TOLERANCE + 1e-9).then_some(random_bytes)
    }

    /// The least and the largest ratio that are met, besides 1; all between them are met.
    pub fn ratios(&self) -> (f64, f64) {
        let (first, last) = (&self.overheads[0], &self.overheads[self.overheads.len() - 1]);
        // Random bytes are whole, which adds half a byte of error: with few of them not every ratio is met.
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
            // Rounded inwards, so that the named ratios are accepted.
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

    /// Largest relative distance of a granule with these random bytes from the target size.
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

/// Rows of the table.
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
