//! The compressors themselves: Zstandard and LZ4, by their own C libraries. Never in a timed region. Only in the program.

use super::codec::Codec;

/// One compressor with its memory, to be used again and again by one thread.
pub struct Compressor {
    library: Library,
    compressed: Vec<u8>,
}

enum Library {
    Zstd(Box<zstd::bulk::Compressor<'static>>),
    Lz4,
}

impl Compressor {
    /// The compressor of this codec.
    pub fn new(codec: Codec) -> Compressor {
        let zstd = |level| {
            let compressor = zstd::bulk::Compressor::new(level).expect("levels 1 and 3 exist");
            Library::Zstd(Box::new(compressor))
        };
        let library = match codec {
            Codec::Zstd1 => zstd(1),
            Codec::Zstd3 => zstd(3),
            Codec::Lz4 => Library::Lz4,
        };
        Compressor { library, compressed: Vec::new() }
    }

    /// Compressed size of the data: that of a Zstandard frame without a checksum, or of an LZ4 block, made by one call of
    /// the library. Data that does not compress becomes a little larger.
    ///
    /// # Panics
    /// When the data is larger than the libraries take at a time (about 2 GiB).
    pub fn compressed_bytes(&mut self, data: &[u8]) -> usize {
        let room = match self.library {
            Library::Zstd(_) => zstd::zstd_safe::compress_bound(data.len()),
            Library::Lz4 => lz4::block::compress_bound(data.len()).expect("far below 2 GiB"),
        };
        if self.compressed.len() < room {
            self.compressed.resize(room, 0);
        }
        let compressed = match &mut self.library {
            Library::Zstd(compressor) => compressor.compress_to_buffer(data, &mut self.compressed[..]),
            Library::Lz4 => lz4::block::compress_to_buffer(data, None, false, &mut self.compressed),
        };
        compressed.expect("there is room for data that does not compress")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mix::Random;
    use crate::word::Word;

    #[test]
    fn what_repeats_becomes_small_and_what_is_random_does_not() {
        let mut random = Random::new(3);
        let noise: Vec<u8> = (0..512).flat_map(|_| random.bits().to_le_bytes()).collect();
        let repeated = [7; 4096];
        for &codec in Codec::ALL {
            let mut compressor = Compressor::new(codec);
            let sizes = [&noise[..], &repeated, &noise, &[]].map(|data| compressor.compressed_bytes(data));
            assert!((4096..4200).contains(&sizes[0]), "{codec:?}: {sizes:?}");
            assert!(sizes[1] < 50, "{codec:?}: {sizes:?}");
            // Earlier data has no effect.
            assert_eq!(sizes[2], sizes[0], "{codec:?}: {sizes:?}");
            assert!(sizes[3] < 20, "{codec:?}: {sizes:?}");
        }
    }
}
