//! The byte stream: its definition, and the kernels that produce it at the speed of memory.
//!
//! A stream is named by `(seed, stream)` and is a pure function of the offset: any chunking, any number of workers and
//! any kernel give the same bytes. Any stretch can be produced alone, and data read back is verified by producing it
//! again. Memory does not grow with the length.
//!
//! ```text
//! segment  = offset / SEGMENT_BYTES                        each is generated alone
//! keys     = mix_words(seed, stream), mix_words(stream, seed, 1)      once a stream
//! start[k] = mix64(keys[k] ^ segment)
//! a, b     = mix64(start[k] + (l + 1) * GOLDEN_GAMMA)      for k = 0, 1 and each lane l in 0..32
//! lane l   = xoshiro256++ in the state [a, b, rotate_left(a, 32) ^ GOLDEN_GAMMA, rotate_left(b, 29) + a]
//! bytes    = step after step, each the next output of lanes 0..32, u64 little endian
//! ```
//!
//! Two segments share a lane's state only when both 64-bit starts collide; within one stream neither does,
//! because `mix64` is a bijection. `kernel::scalar` is this text as code and the specification of the others.
//!
//! A [`Shape`] adds dedup and compression. [`Dedup`] maps units to the units they copy, and so positions to segments.
//! [`Compression`] divides a granule into bytes of the lanes and its repeated filler. With dedup a segment is at most as
//! long as a unit; with compression it is at least as long as a granule.
//!
//! ```text
//! steps    = ceil(random_bytes / 256)      off the lanes for each granule; the last steps * 256 bytes of it are theirs,
//! byte p   = byte p mod 8 of the filler    but for p < granule_bytes - random_bytes
//! filler   = !w, where w is the first word that the granule takes off the lanes (lane 0 of its first step)
//! ```
//!
//! # As a library
//! Needs none of the program's features (`default-features = false`: five other crates, no C library but the system's).
//! A kernel and a stream are plain data that every thread copies. Any thread fills any stretch, and any thread verifies data read back. `examples/write_direct.rs` writes a file by direct
//! I/O.
//!
//! ```
//! use std::mem::MaybeUninit;
//!
//! use numamark::generator::{Codec, Compression, Dedup, Kernel, Ratio, Shape, Stores, Stream};
//!
//! // Two of three units of 64 KiB are new, and each 4 KiB compress 2 : 1 by zstd -3.
//! let dedup = Dedup::new(Ratio::parse("1.5")?, 64 << 10, None)?;
//! let compression = Compression::new(Ratio::parse("2")?, 4 << 10, Some(Codec::Zstd3))?;
//! let stream = Stream::new(7, 3).shaped(Shape::new(Some(dedup), Some(compression))?);
//!
//! let (kernel, offset) = (Kernel::best(), 1 << 60);
//! let mut memory = vec![MaybeUninit::uninit(); 1 << 20];
//! let data: &mut [u8] = stream.fill(kernel, Stores::Ordinary, offset, &mut memory);
//! assert_eq!(stream.verify(kernel, offset, data), Ok(()));
//!
//! data[12_345] ^= 1;
//! let wrong = stream.verify(kernel, offset, data).expect_err("one bit is another");
//! assert_eq!(wrong.offset, offset + 12_345);
//! # Ok::<(), String>(())
//! ```
//!
//! Source of the lanes: David Blackman and Sebastiano Vigna, "Scrambled linear pseudorandom number
//! generators", ACM TOMS 47 (2021), <https://prng.di.unimi.it/xoshiro256plusplus.c>.

pub mod calibration;
pub mod codec;
pub mod compression;
#[cfg(feature = "cli")]
pub mod compressor;
pub mod dedup;
pub mod digest;
pub mod kernel;
pub mod ratio;
pub mod shape;
pub mod sizes;
pub mod stores;
pub mod stream;

pub use codec::Codec;
pub use compression::Compression;
pub use dedup::Dedup;
pub use digest::Digest;
pub use kernel::{Kernel, KernelName};
pub use ratio::Ratio;
pub use shape::Shape;
pub use sizes::{LANES, SEGMENT_BYTES, STEP_BYTES};
pub use stores::Stores;
pub use stream::{Mismatch, Stream, share};

/// Version of the mapping from a stream's name to its bytes: another version has other bytes. Data sets on disk outlive
/// this code.
pub const STREAM_VERSION: u32 = 2;
