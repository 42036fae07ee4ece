//! Asks the stream for dedup and compression together and prints what real compressors and a count of hashes find:
//!
//! ```sh
//! cargo run --release --example ratios
//! ```
//!
//! Prints a row for each pair of ratios. The first columns compress granule by granule (4 KiB) a stream calibrated for the
//! codec of the column: the ratio of all granules, and of the granule that compressed least. The next compresses one whole
//! file by zstd-3, with copies further apart than its window. The last hash units of three sizes over 64 MiB.

use std::collections::HashSet;
use std::mem::MaybeUninit;

use numamark::generator::compressor::Compressor;
use numamark::generator::{Codec, Compression, Dedup, Kernel, Ratio, Shape, Stores, Stream};
use numamark::hash;
use numamark::word::Word;

const SAMPLE_BYTES: usize = 64 << 20;
const GRANULE_BYTES: u64 = 4 << 10;
const UNIT_BYTES: [u64; 3] = [4 << 10, 64 << 10, 1 << 20];

fn main() -> Result<(), String> {
    let mut memory = vec![MaybeUninit::uninit(); SAMPLE_BYTES];
    println!(
        "dedup compress |      zstd-1       zstd-3          lz4 | zstd-3 whole | dedup 4 KiB  64 KiB   1 MiB"
    );
    for dedup in ["1", "1.5", "2", "4"] {
        for compress in ["1", "1.5", "2", "3", "4"] {
            let (dedup, compress) = (Ratio::parse(dedup)?, Ratio::parse(compress)?);
            print!("{dedup:>5} {compress:>8} |");
            let mut whole = 0.0;
            for &codec in Codec::ALL {
                let data = sample(dedup, compress, codec, UNIT_BYTES[1], &mut memory)?;
                let (all, least) = by_granule(data, codec);
                print!("{all:>6.3} {least:>5.3} ");
                if codec == Codec::Zstd3 {
                    whole = SAMPLE_BYTES as f64 / Compressor::new(codec).compressed_bytes(data) as f64;
                }
            }
            print!("| {whole:>12.3} |");
            for unit_bytes in UNIT_BYTES {
                let data = sample(dedup, compress, Codec::Zstd3, unit_bytes, &mut memory)?;
                print!(" {:>9.4}", deduplicated(data, unit_bytes));
            }
            println!();
        }
    }
    Ok(())
}

fn sample(
    dedup: Ratio,
    compress: Ratio,
    codec: Codec,
    unit_bytes: u64,
    memory: &mut [MaybeUninit<u8>],
) -> Result<&[u8], String> {
    let dedup = Dedup::new(dedup, unit_bytes, None)?;
    let compression = Compression::new(compress, GRANULE_BYTES, Some(codec))?;
    let shape = Shape::new(Some(dedup), Some(compression))?;
    Ok(Stream::new(7, 3).shaped(shape).fill(Kernel::best(), Stores::Ordinary, 0, memory))
}

/// The ratio of all granules together, and of the granule that compresses least.
fn by_granule(data: &[u8], codec: Codec) -> (f64, f64) {
    let mut compressor = Compressor::new(codec);
    let granule_bytes = usize::try_from(GRANULE_BYTES).expect("small");
    let sizes: Vec<usize> =
        data.chunks_exact(granule_bytes).map(|granule| compressor.compressed_bytes(granule)).collect();
    let largest = sizes.iter().max().copied().unwrap_or(granule_bytes);
    (data.len() as f64 / sizes.iter().sum::<usize>() as f64, granule_bytes as f64 / largest as f64)
}

/// Units for each distinct one.
fn deduplicated(data: &[u8], unit_bytes: u64) -> f64 {
    let units = data.chunks_exact(usize::try_from(unit_bytes).expect("small"));
    let (count, distinct) = (units.len(), units.map(hash::hash).collect::<HashSet<u128>>());
    count as f64 / distinct.len() as f64
}
