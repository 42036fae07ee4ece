//! The source of every unit of a stream: a pure function of the position, without table or state.
//!
//! ```text
//! window   = N units, M = N * members          all copies of a unit lie in one window
//! D(k)     = ceil(k * M / ratio)               distinct units before window k: exact after every window
//! U        = D(k + 1) - D(k)                   distinct units in window k
//! distinct = D(k) + (member * N + i) mod U     the distinct unit at unit i of window k = unit / N
//! ```
//!
//! A window repeats its distinct units in order, so two copies are U units apart. N is the smallest power of two for
//! which U units are the requested distance. With several members, a window spans all of them, and the copies of a unit
//! fall onto other members first.

use crate::generator::ratio::Ratio;
use crate::units::Bytes;

/// Smallest unit.
pub const UNIT_BYTES_MIN: u64 = 4 << 10;
/// Largest unit.
pub const UNIT_BYTES_MAX: u64 = 4 << 20;
/// Largest distance of two copies.
pub const DISTANCE_BYTES_MAX: u64 = 1 << 40;
/// Default distance of two copies: more than the window of zstd at its usual levels (1: 512 KiB, 3: 2 MiB).
const DISTANCE_BYTES_USUAL: u64 = 8 << 20;
/// After this number of bytes, and every multiple, the ratio is met to one unit, unless a larger distance was requested.
pub const PREFIX_BYTES: u64 = 64 << 20;

/// Dedup of a stream: only one unit in `ratio` is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dedup {
    ratio: Ratio,
    unit_bytes: u64,
    window_units: u64,
    member: u32,
    members: u32,
}

impl Dedup {
    /// Units of this size, a power of two, with copies at least `distance_bytes` apart. Without a distance they are 8 MiB
    /// apart, or as far as a window of 64 MiB allows.
    ///
    /// # Errors
    /// When a size is out of range; the message says what is accepted.
    pub fn new(ratio: Ratio, unit_bytes: u64, distance_bytes: Option<u64>) -> Result<Dedup, String> {
        let range = UNIT_BYTES_MIN..=UNIT_BYTES_MAX;
        if !unit_bytes.is_power_of_two() || !range.contains(&unit_bytes) {
            return Err(format!(
                "a unit of {} is not a power of two from {} to {}",
                Bytes(unit_bytes),
                Bytes(UNIT_BYTES_MIN),
                Bytes(UNIT_BYTES_MAX)
            ));
        }
        let units_for = |distance: u64| {
            let units = ratio.stretch(u128::from(distance.div_ceil(unit_bytes)));
            u64::try_from(units).expect("a distance and a ratio are bounded").next_power_of_two()
        };
        let window_units = match distance_bytes {
            None => units_for(DISTANCE_BYTES_USUAL).min(PREFIX_BYTES / unit_bytes),
            Some(distance) if (unit_bytes..=DISTANCE_BYTES_MAX).contains(&distance) => units_for(distance),
            Some(distance) => {
                return Err(format!(
                    "copies of a unit of {} cannot be {} apart; accepted: {} to {}",
                    Bytes(unit_bytes),
                    Bytes(distance),
                    Bytes(unit_bytes),
                    Bytes(DISTANCE_BYTES_MAX)
                ));
            }
        };
        Ok(Dedup { ratio, unit_bytes, window_units, member: 0, members: 1 })
    }

    /// The part of one of several members that share the copies of each unit. Their streams have one name, and the ratio
    /// holds over all of them after each window that all have finished.
    ///
    /// # Panics
    /// When `member` is not below `members`.
    pub fn among(self, member: u32, members: u32) -> Dedup {
        assert!(member < members, "member {member} of {members}");
        Dedup { member, members, ..self }
    }

    /// Bytes written for each that is new.
    pub fn ratio(&self) -> Ratio {
        self.ratio
    }

    /// Bytes of a unit, which is duplicated as a whole.
    pub fn unit_bytes(&self) -> u64 {
        self.unit_bytes
    }

    /// Bytes of the stretch of one member's stream that contains all copies of its units. The ratio is exact after each.
    pub fn window_bytes(&self) -> u64 {
        self.window_units.saturating_mul(self.unit_bytes)
    }

    /// The least distance of two copies in one member's stream.
    pub fn distance_bytes(&self) -> u64 {
        let units = u128::from(self.window_units) * u128::from(self.members);
        let (numerator, denominator) = self.ratio.parts();
        let fewest = units * u128::from(denominator) / u128::from(numerator);
        u64::try_from(fewest.max(1)).unwrap_or(u64::MAX).saturating_mul(self.unit_bytes)
    }

    /// The distinct units that stand from this unit on.
    pub(super) fn sources(&self, unit: u64) -> Sources {
        let mut sources = Sources { dedup: *self, window: Window::of(self, 0), turn: 0, unit };
        sources.enter();
        sources
    }

    /// Distinct units before a window.
    fn distinct_before(&self, window: u64) -> u128 {
        let units = u128::from(self.window_units) * u128::from(self.members);
        self.ratio.shrink(u128::from(window) * units)
    }
}

/// The distinct units of consecutive units, without end. There is no division between two units of a window: with units of
/// 4 KiB, a division for each would take a twentieth of the time.
pub(super) struct Sources {
    dedup: Dedup,
    /// The window that contains `unit`.
    window: Window,
    /// Index of the next unit among the window's distinct units.
    turn: u64,
    /// The next unit.
    unit: u64,
}

/// Values that are the same for all units of a window.
struct Window {
    distinct_before: u64,
    distinct: u64,
}

impl Window {
    fn of(dedup: &Dedup, index: u64) -> Window {
        let (before, after) = (dedup.distinct_before(index), dedup.distinct_before(index + 1));
        // With many members the number of distinct units may exceed 64 bits and wrap, far beyond any amount written.
        Window { distinct_before: before as u64, distinct: (after - before) as u64 }
    }
}

impl Sources {
    /// Finds the place of `unit` in its window.
    fn enter(&mut self) {
        let Dedup { window_units, member, .. } = self.dedup;
        self.window = Window::of(&self.dedup, self.unit / window_units);
        // Each member continues the cycle of distinct units at the point where the member before it ends.
        let position = u64::from(member) * window_units + self.unit % window_units;
        self.turn = position.checked_rem(self.window.distinct).unwrap_or(0);
    }
}

impl Iterator for Sources {
    type Item = u64;

    #[inline]
    fn next(&mut self) -> Option<u64> {
        let Window { distinct_before, distinct } = self.window;
        let source = match distinct {
            // A ratio larger than the window: this window repeats the last distinct unit of an earlier window.
            0 => distinct_before.wrapping_sub(1),
            _ => distinct_before.wrapping_add(self.turn),
        };
        self.unit += 1;
        self.turn = if self.turn + 1 < distinct { self.turn + 1 } else { 0 };
        if self.unit & (self.dedup.window_units - 1) == 0 {
            self.enter();
        }
        Some(source)
    }
}
