//! Which units of a stream are copies, and of what: a pure function of the position, with no table and no state.
//!
//! ```text
//! window   = N units, M = N * members          all copies of a unit lie in one window
//! D(k)     = ceil(k * M / ratio)               distinct units before window k: exact after every window
//! U        = D(k + 1) - D(k)                   distinct units in window k
//! distinct = D(k) + (member * N + i) mod U     what stands at unit i of window k = unit / N
//! ```
//!
//! So a window is its distinct units, one after the other, again and again: two copies are U units apart. N is the
//! smallest power of two for which that is the distance that was asked for. With several members, the window goes over
//! all of them, and the copies of a unit fall onto other members first.

use crate::generator::ratio::Ratio;
use crate::units::Bytes;

/// Smallest unit.
pub const UNIT_BYTES_MIN: u64 = 4 << 10;
/// Largest unit.
pub const UNIT_BYTES_MAX: u64 = 4 << 20;
/// Largest distance of two copies.
pub const DISTANCE_BYTES_MAX: u64 = 1 << 40;
/// What copies are apart when nobody says: more than the window of zstd at its usual levels (1: 512 KiB, 3: 2 MiB).
const DISTANCE_BYTES_USUAL: u64 = 8 << 20;
/// After so many bytes, and every multiple, the ratio is met to one unit, unless a larger distance was asked for.
pub const PREFIX_BYTES: u64 = 64 << 20;

/// A stream of which only one unit in `ratio` is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dedup {
    ratio: Ratio,
    unit_bytes: u64,
    window_units: u64,
    member: u32,
    members: u32,
}

impl Dedup {
    /// Units of this size, a power of two; copies at least `distance_bytes` apart, or as far as can be: 8 MiB, or what
    /// a window of 64 MiB has room for.
    ///
    /// # Errors
    /// When a size is out of range; what would be accepted.
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

    /// The part of one of several members, among which the copies of a unit are spread. Their streams have one name, and
    /// the ratio holds over all of them after windows that all have finished.
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

    /// What is duplicated as a whole.
    pub fn unit_bytes(&self) -> u64 {
        self.unit_bytes
    }

    /// The stretch of one member's stream inside which all of its copies lie: the ratio is exact after each.
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

    /// Which distinct units stand from this unit on.
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

/// The distinct units of consecutive units, without end. No division between two units of a window: where a unit is 4 KiB,
/// each would take a twentieth of the time.
pub(super) struct Sources {
    dedup: Dedup,
    /// That of `unit`.
    window: Window,
    /// Which of the window's distinct units is next.
    turn: u64,
    /// The next one.
    unit: u64,
}

/// What is the same for all units of a window.
struct Window {
    distinct_before: u64,
    distinct: u64,
}

impl Window {
    fn of(dedup: &Dedup, index: u64) -> Window {
        let (before, after) = (dedup.distinct_before(index), dedup.distinct_before(index + 1));
        // With many members the number of distinct units may pass 64 bits, far beyond what is ever written: it wraps.
        Window { distinct_before: before as u64, distinct: (after - before) as u64 }
    }
}

impl Sources {
    /// Finds the place of `unit` in its window.
    fn enter(&mut self) {
        let Dedup { window_units, member, .. } = self.dedup;
        self.window = Window::of(&self.dedup, self.unit / window_units);
        // Members go round the distinct units one after the other, each beginning where the one before ends.
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
            // A ratio larger than the window: this window repeats the unit that an earlier one ended with.
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
