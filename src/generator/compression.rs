//! What a granule is made of, so that it compresses by a given ratio by itself.
//!
//! First the granule's own filler, a word again and again, then random bytes: no run of zeros, no two granules alike, and
//! a compressor keeps next to nothing of the first part and all of the second. In this order, because compressors probe
//! ever more sparsely while they run through random bytes: they would meet a filler behind them late, and by chance.
//! A filler at the beginning is met at once, so that every granule is compressed to its random bytes and a constant.

use crate::generator::calibration::Calibration;
use crate::generator::codec::Codec;
use crate::generator::ratio::Ratio;
use crate::generator::sizes::{GRANULE_BYTES_MAX, GRANULE_BYTES_MIN, RANDOM_BYTES_MIN};
use crate::units::Bytes;

/// A stream of which every granule compresses by a ratio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compression {
    ratio: Ratio,
    codec: Option<Codec>,
    granule_bytes: usize,
    random_bytes: usize,
}

impl Compression {
    /// Granules of this size, a power of two. Without a codec the share of random bytes is the inverse of the ratio:
    /// what a compressor without any cost of its own would keep. With one it is what the codec's [`Calibration`] says.
    ///
    /// # Errors
    /// When the granule is out of range, or cannot be compressed so far; what can.
    pub fn new(ratio: Ratio, granule_bytes: u64, codec: Option<Codec>) -> Result<Compression, String> {
        let range = GRANULE_BYTES_MIN..=GRANULE_BYTES_MAX;
        if !granule_bytes.is_power_of_two() || !range.contains(&granule_bytes) {
            return Err(format!(
                "a granule of {} is not a power of two from {} to {}",
                Bytes(granule_bytes),
                Bytes(GRANULE_BYTES_MIN),
                Bytes(GRANULE_BYTES_MAX)
            ));
        }
        let (numerator, denominator) = ratio.parts();
        let random_bytes = match codec {
            // Nothing to compress: nothing to calibrate.
            Some(codec) if !ratio.is_one() => {
                Calibration::shipped(codec, granule_bytes).random_bytes(ratio)?
            }
            // To the nearest byte.
            _ => (granule_bytes * denominator + numerator / 2) / numerator,
        };
        if random_bytes < RANDOM_BYTES_MIN {
            let most = granule_bytes / RANDOM_BYTES_MIN;
            return Err(format!(
                "a granule of {} cannot be compressed {ratio} : 1; accepted: at most {most} : 1",
                Bytes(granule_bytes)
            ));
        }
        let size = |bytes: u64| usize::try_from(bytes).expect("a granule is small");
        Ok(Compression { ratio, codec, granule_bytes: size(granule_bytes), random_bytes: size(random_bytes) })
    }

    /// Bytes before compression for each after it.
    pub fn ratio(&self) -> Ratio {
        self.ratio
    }

    /// What the ratio is calibrated for.
    pub fn codec(&self) -> Option<Codec> {
        self.codec
    }

    /// What compresses by the ratio by itself.
    pub fn granule_bytes(&self) -> usize {
        self.granule_bytes
    }

    /// How many of its bytes are random: the last ones. The rest repeats the granule's filler.
    pub fn random_bytes(&self) -> usize {
        self.random_bytes
    }
}
