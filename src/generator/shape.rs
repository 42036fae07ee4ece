//! What is asked of a stream beyond being random, and the segments that follow from it.

use crate::generator::compression::Compression;
use crate::generator::dedup::{Dedup, Sources};
use crate::generator::sizes::SEGMENT_BYTES;
use crate::units::Bytes;

/// Dedup and compression of a stream. Both hold independently: copies are of what is written, and every granule of it
/// compresses; a store that does both keeps one byte in `dedup x compression`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Shape {
    dedup: Option<Dedup>,
    compression: Option<Compression>,
}

impl Shape {
    /// Random throughout: nothing twice, nothing to compress.
    pub const PLAIN: Shape = Shape { dedup: None, compression: None };

    /// A ratio of 1 is as good as none.
    ///
    /// # Errors
    /// When a granule is larger than a unit: a copy would begin in the middle of it.
    pub fn new(dedup: Option<Dedup>, compression: Option<Compression>) -> Result<Shape, String> {
        let dedup = dedup.filter(|dedup| !dedup.ratio().is_one());
        let compression = compression.filter(|compression| !compression.ratio().is_one());
        if let (Some(dedup), Some(compression)) = (dedup, compression) {
            let granule_bytes = compression.granule_bytes() as u64;
            if granule_bytes > dedup.unit_bytes() {
                return Err(format!(
                    "a granule of {} does not fit a unit of {}; accepted: a granule of at most {}, or a unit of at least {}",
                    Bytes(granule_bytes),
                    Bytes(dedup.unit_bytes()),
                    Bytes(dedup.unit_bytes()),
                    Bytes(granule_bytes)
                ));
            }
        }
        Ok(Shape { dedup, compression })
    }

    /// Which units are copies, if any are.
    pub fn dedup(&self) -> Option<&Dedup> {
        self.dedup.as_ref()
    }

    /// What granules are made of, if they compress.
    pub fn compression(&self) -> Option<&Compression> {
        self.compression.as_ref()
    }

    /// What is seeded, and can be generated, by itself: a power of two.
    pub fn segment_bytes(&self) -> usize {
        let whole = self.compression.map_or(SEGMENT_BYTES, |c| c.granule_bytes().max(SEGMENT_BYTES));
        let unit = self.dedup.map(|dedup| usize::try_from(dedup.unit_bytes()).expect("a unit is small"));
        unit.map_or(whole, |unit| unit.min(whole))
    }

    /// The segments that stand from this offset on.
    pub(super) fn segments(&self, offset: u64) -> Segments {
        let segment_bytes = self.segment_bytes() as u64;
        let per_unit = self.dedup.map_or(1, |dedup| dedup.unit_bytes() / segment_bytes);
        let position = offset / segment_bytes;
        let mut segments = Segments {
            sources: self.dedup.map(|dedup| dedup.sources(position / per_unit)),
            per_unit,
            position,
            source: 0,
        };
        segments.source = segments.next_source();
        segments
    }
}

/// Which segment is generated at each position of the stream, one after the other, without end.
pub(super) struct Segments {
    sources: Option<Sources>,
    /// Segments of a unit, a power of two.
    per_unit: u64,
    position: u64,
    /// The distinct unit that stands here.
    source: u64,
}

impl Segments {
    fn next_source(&mut self) -> u64 {
        self.sources.as_mut().and_then(Sources::next).unwrap_or(0)
    }
}

impl Iterator for Segments {
    type Item = u64;

    #[inline]
    fn next(&mut self) -> Option<u64> {
        let (position, per_unit) = (self.position, self.per_unit);
        self.position += 1;
        if self.sources.is_none() {
            return Some(position);
        }
        let segment = self.source.wrapping_mul(per_unit).wrapping_add(position & (per_unit - 1));
        if self.position & (per_unit - 1) == 0 {
            self.source = self.next_source();
        }
        Some(segment)
    }
}
