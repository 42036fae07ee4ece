//! Contents of a granule that compresses by a given ratio by itself.
//!
//! A granule begins with its own filler, a repeated word, and ends with random bytes. It has no run of zeros, and no two
//! granules are equal. A compressor keeps almost nothing of the first part and all of the second. The filler is first
//! because compressors search more and more sparsely while they read random bytes: they would find a filler behind them
//! late and by chance. A filler at the beginning is found at once, so that every granule is compressed to its random bytes
//! and a constant.

use crate::generator::calibration::Calibration;
use crate::generator::codec::Codec;
use crate::generator::ratio::Ratio;
use crate::generator::sizes::{GRANULE_BYTES_MAX, GRANULE_BYTES_MIN, RANDOM_BYTES_MIN};
use crate::units::Bytes;

/// Compression of a stream: every granule compresses by the ratio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compression {
    ratio: Ratio,
    codec: Option<Codec>,
    granule_bytes: usize,
    random_bytes: usize,
}

impl Compression {
    /// Granules of this size, a power of two. Without a codec the share of random bytes is the inverse of the ratio, as for
    /// a compressor without overhead. With a codec its [`Calibration`] gives the share.
    ///
    /// # Errors
    /// When the granule is out of range, or cannot be compressed by the ratio; the message says what is accepted.
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
            // A ratio of 1 needs no calibration.
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

    /// The compressor that the ratio is calibrated for.
    pub fn codec(&self) -> Option<Codec> {
        self.codec
    }

    /// Bytes of a granule, which compresses by the ratio by itself.
    pub fn granule_bytes(&self) -> usize {
        self.granule_bytes
    }

    /// Random bytes at the end of each granule. The rest repeats the granule's filler.
    pub fn random_bytes(&self) -> usize {
        self.random_bytes
    }
}
