//! The laws of the byte stream, tested against an oracle that was written from its specification and shares no code
//! with it.

mod dedup;
#[cfg(feature = "cli")]
mod defects;
mod golden;
mod laws;
mod oracle;
mod prefixes;

use std::mem::MaybeUninit;

use numamark::generator::{Compression, Dedup, Kernel, Ratio, Shape, Stores, Stream};

/// Bytes of a stream, by the widest kernel.
fn bytes(stream: Stream, offset: u64, count: usize) -> Vec<u8> {
    let mut out = vec![MaybeUninit::uninit(); count];
    stream.fill(Kernel::best(), Stores::Ordinary, offset, &mut out).to_vec()
}

fn ratio(text: &str) -> Ratio {
    Ratio::parse(text).expect("a ratio")
}

/// Dedup with units of `unit_bytes` and the default distance, compression with granules of 4 KiB.
fn shape(dedup: &str, unit_bytes: u64, compression: &str) -> Shape {
    let dedup = Dedup::new(ratio(dedup), unit_bytes, None).expect("a unit");
    let compression = Compression::new(ratio(compression), 4 << 10, None).expect("a granule");
    Shape::new(Some(dedup), Some(compression)).expect("granules fit units")
}
