//! Sizes of the byte stream, from the step of a kernel to the granule of a shape.

/// Interleaved xoshiro256++ generators: enough for four independent AVX-512 vectors.
pub const LANES: usize = 32;

/// Bytes of one step: the next output of every lane.
pub const STEP_BYTES: usize = LANES * size_of::<u64>();

/// Bytes that are generated from one seeding, unless the shape asks for other segments. A stretch that begins inside a
/// segment runs its kernel over the part before it without storing, so cut work at multiples of this.
pub const SEGMENT_BYTES: usize = 64 << 10;

/// Smallest granule: a sector.
pub const GRANULE_BYTES_MIN: u64 = 512;
/// Largest granule.
pub const GRANULE_BYTES_MAX: u64 = 128 << 10;
/// Random bytes that every granule has, however high the ratio: two granules must not be alike by chance.
pub const RANDOM_BYTES_MIN: u64 = 16;

const _: () = assert!(SEGMENT_BYTES.is_multiple_of(STEP_BYTES), "a segment is a whole number of steps");
