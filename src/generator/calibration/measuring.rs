//! Measurement of the table: every codec on granules of the stream itself.

use std::mem::MaybeUninit;

use super::{Calibration, Overhead, granules};
use crate::generator::codec::Codec;
use crate::generator::compression::Compression;
use crate::generator::compressor::Compressor;
use crate::generator::kernel::Kernel;
use crate::generator::ratio::Ratio;
use crate::generator::shape::Shape;
use crate::generator::sizes::RANDOM_BYTES_MIN;
use crate::generator::stores::Stores;
use crate::generator::stream::Stream;
use crate::word::Word;

/// Bytes by which the overheads of a row may differ: LZ4 writes lengths in digits of 255.
const SPREAD: u64 = 1;
/// Granules that are compressed for each number of random bytes. Their most frequent overhead counts: in one of 256
/// granules the random bytes continue the filler by chance.
const SAMPLES: u64 = 16;
/// Up to this number of random bytes every number is tried; beyond it the steps are this fraction of the number.
const FINE: u64 = 512;

/// The whole table, in the format of `table.txt`.
pub fn table() -> String {
    let mut text = String::from(
        "# What a codec leaves of a granule beyond its random bytes. Made by `make calibration`; do not edit.\n\
         # codec granule_bytes random_bytes_from random_bytes_to overhead_bytes_min overhead_bytes_max\n",
    );
    for &codec in Codec::ALL {
        for granule_bytes in granules() {
            text += &measure(codec, granule_bytes).to_string();
        }
    }
    text
}

/// Measures one granule size under one codec.
pub fn measure(codec: Codec, granule_bytes: u64) -> Calibration {
    let mut bench = Bench::new(codec, granule_bytes);
    let mut overheads: Vec<Overhead> = Vec::new();
    let mut stored_from = granule_bytes + 1;
    let mut random_bytes = RANDOM_BYTES_MIN;
    let mut compressed_to = RANDOM_BYTES_MIN;
    while random_bytes < stored_from {
        match bench.overhead(random_bytes) {
            Some(overhead_bytes) => {
                add(&mut overheads, random_bytes, overhead_bytes);
                compressed_to = random_bytes;
                random_bytes += 1 + random_bytes / FINE;
            }
            None => {
                // Bisects, to the byte, for the number from which the codec stores granules as they are.
                stored_from = random_bytes;
                random_bytes = compressed_to + 1;
                if stored_from - random_bytes > 1 {
                    random_bytes = compressed_to + (stored_from - compressed_to) / 2;
                }
            }
        }
    }
    Calibration { codec, granule_bytes, overheads }
}

/// Widens the last row, or begins a new one.
fn add(overheads: &mut Vec<Overhead>, random_bytes: u64, overhead_bytes: u64) {
    if let Some(last) = overheads.last_mut() {
        let (least, most) = last.overhead_bytes.clone().into_inner();
        let (least, most) = (least.min(overhead_bytes), most.max(overhead_bytes));
        if most - least <= SPREAD {
            last.random_bytes = *last.random_bytes.start()..=random_bytes;
            last.overhead_bytes = least..=most;
            return;
        }
    }
    let from = overheads.last().map_or(random_bytes, |last| last.random_bytes.end() + 1);
    overheads.push(Overhead {
        random_bytes: from..=random_bytes,
        overhead_bytes: overhead_bytes..=overhead_bytes,
    });
}

/// Tools of one measurement.
struct Bench {
    kernel: Kernel,
    compressor: Compressor,
    granule_bytes: u64,
    memory: Vec<MaybeUninit<u8>>,
}

impl Bench {
    fn new(codec: Codec, granule_bytes: u64) -> Bench {
        let bytes = usize::try_from(granule_bytes * SAMPLES).expect("a few MiB");
        let memory = vec![MaybeUninit::uninit(); bytes];
        Bench { kernel: Kernel::best(), compressor: Compressor::new(codec), granule_bytes, memory }
    }

    /// Compressed bytes of most granules beyond their random bytes; `None` when the codec stores one granule as it is.
    fn overhead(&mut self, random_bytes: u64) -> Option<u64> {
        // The ratio of granule to random bytes gives exactly this number of random bytes.
        let ratio = Ratio::new(self.granule_bytes, random_bytes).expect("no more than the granule");
        let compression = Compression::new(ratio, self.granule_bytes, None).expect("in range");
        let shape = Shape::new(None, Some(compression)).expect("no unit to be larger than");
        let stream = Stream::new(0, random_bytes).shaped(shape);
        let granules = stream.fill(self.kernel, Stores::Ordinary, 0, &mut self.memory);
        let granule_bytes = usize::try_from(self.granule_bytes).expect("a granule is small");
        let sizes = granules.chunks_exact(granule_bytes).map(|granule| {
            let compressed = self.compressor.compressed_bytes(granule) as u64;
            (compressed < self.granule_bytes).then(|| compressed - random_bytes)
        });
        let mut overheads: Vec<u64> = sizes.collect::<Option<_>>()?;
        overheads.sort_unstable();
        overheads.chunk_by(|a, b| a == b).max_by_key(|equal| equal.len()).map(|equal| equal[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The smallest granule, the usual one, and one for which LZ4 uses another table: all are quick to measure.
    #[test]
    fn the_table_is_what_its_command_makes() {
        for &codec in Codec::ALL {
            for granule_bytes in [512, 4096, 65536] {
                let (made, shipped) =
                    (measure(codec, granule_bytes), Calibration::shipped(codec, granule_bytes));
                assert_eq!(made, shipped, "run `make calibration`, and see STREAM_VERSION: other data");
            }
        }
    }
}
