//! The codecs that a ratio can be meant for.

use crate::word::words;

words! {
    /// The compressor that a ratio is meant for.
    #[cfg_attr(feature = "cli", derive(serde::Serialize, serde::Deserialize))]
    Codec {
        /// Zstandard, level 1.
        #[cfg_attr(feature = "cli", serde(rename = "zstd-1"))]
        Zstd1 = "zstd-1",
        /// Zstandard, level 3.
        #[cfg_attr(feature = "cli", serde(rename = "zstd-3"))]
        Zstd3 = "zstd-3",
        /// LZ4, its fast mode.
        #[cfg_attr(feature = "cli", serde(rename = "lz4"))]
        Lz4 = "lz4",
    }
}
