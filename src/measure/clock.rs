//! The clock of timed regions: the time stamp counter where it is invariant, else `CLOCK_MONOTONIC`.
//!
//! A reading is 64 bits of ticks; ticks become nanoseconds after the timed region. The reads are not fenced: a
//! fenced pair costs 47 ns, an unfenced one 20 ns, and the timed work (refills, chunks) is longer than the
//! reordering window. The counter may advance in steps of more than one tick (10 ns is common on virtual
//! machines), so the step is measured once and printed with every figure close to it.
#![allow(unsafe_code)]

use std::time::{Duration, Instant};

/// One reading of the clock. Only differences of readings have a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticks(u64);

impl Ticks {
    /// Ticks since `earlier`; 0 when another core's counter was slightly behind.
    #[inline]
    pub fn since(self, earlier: Ticks) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// The source of readings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockSource {
    /// The x86 time stamp counter, invariant across frequency changes.
    TimeStampCounter,
    /// `CLOCK_MONOTONIC` through the vDSO.
    Monotonic,
}

/// Takes readings and converts them; plain data that every worker copies.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    source: ClockSource,
    ns_per_tick: f64,
    step_ns: f64,
    read_ns: f64,
    origin: Option<Instant>,
}

/// Time for which the counter is compared with `CLOCK_MONOTONIC`: 10 ms limit the rate's error to about 10 ppm.
const CALIBRATION: Duration = Duration::from_millis(10);

impl Clock {
    /// Chooses the source, calibrates it (10 ms) and measures its step and cost.
    pub fn start() -> Clock {
        let source = if invariant_counter() { ClockSource::TimeStampCounter } else { ClockSource::Monotonic };
        let origin = (source == ClockSource::Monotonic).then(Instant::now);
        let mut clock = Clock { source, ns_per_tick: 1.0, step_ns: 0.0, read_ns: 0.0, origin };
        if source == ClockSource::TimeStampCounter {
            clock.ns_per_tick = calibrate(&clock);
        }
        (clock.step_ns, clock.read_ns) = clock.resolution();
        clock
    }

    /// Reads the clock.
    #[inline]
    pub fn read(&self) -> Ticks {
        match self.origin {
            None => Ticks(read_counter()),
            Some(origin) => Ticks(u64::try_from(origin.elapsed().as_nanos()).unwrap_or(u64::MAX)),
        }
    }

    /// Converts a difference of ticks to nanoseconds, rounded.
    #[inline]
    pub fn nanoseconds(&self, ticks: u64) -> u64 {
        (ticks as f64 * self.ns_per_tick).round() as u64
    }

    /// Converts a duration to ticks, rounded.
    pub fn ticks(&self, nanoseconds: u64) -> u64 {
        (nanoseconds as f64 / self.ns_per_tick).round() as u64
    }

    /// The clock's source.
    pub fn source(&self) -> ClockSource {
        self.source
    }

    /// The smallest advance seen between two readings, in nanoseconds. Figures finer than this are not exact.
    pub fn step_ns(&self) -> f64 {
        self.step_ns
    }

    /// The cost of one reading, in nanoseconds: the lowest mean of several tight loops.
    pub fn read_ns(&self) -> f64 {
        self.read_ns
    }

    /// The smallest nonzero difference of consecutive readings, and their mean distance in the fastest of several loops
    /// (interrupts only make a loop slower). Both in nanoseconds.
    fn resolution(&self) -> (f64, f64) {
        const LOOPS: u32 = 10;
        // Every heap of a test has a clock. Under Miri a reading takes a millisecond: tests would do little else.
        const READINGS: u32 = if cfg!(miri) { 10 } else { 2_000 };
        let (mut smallest, mut quickest) = (u64::MAX, u64::MAX);
        for _ in 0..LOOPS {
            let first = self.read();
            let mut previous = first;
            for _ in 0..READINGS {
                let now = self.read();
                match now.since(previous) {
                    0 => {}
                    advance => smallest = smallest.min(advance),
                }
                previous = now;
            }
            quickest = quickest.min(previous.since(first));
        }
        let mean = quickest as f64 / f64::from(READINGS);
        (smallest as f64 * self.ns_per_tick, mean * self.ns_per_tick)
    }
}

/// Nanoseconds per tick: the median of five comparisons with `CLOCK_MONOTONIC`, so that one preemption has no effect.
fn calibrate(clock: &Clock) -> f64 {
    let mut rates = [0.0f64; 5];
    for rate in &mut rates {
        let (start, ticks) = (Instant::now(), clock.read());
        while start.elapsed() < CALIBRATION / 5 {
            std::hint::spin_loop();
        }
        let elapsed = start.elapsed();
        *rate = elapsed.as_nanos() as f64 / clock.read().since(ticks).max(1) as f64;
    }
    rates.sort_unstable_by(f64::total_cmp);
    rates[2]
}

#[cfg(all(target_arch = "x86_64", not(miri)))]
fn invariant_counter() -> bool {
    use std::arch::x86_64::__cpuid;
    // CPUID 8000_0007h EDX bit 8: invariant TSC (AMD APM 3, Intel SDM 2A).
    __cpuid(0x8000_0000).eax >= 0x8000_0007 && __cpuid(0x8000_0007).edx & (1 << 8) != 0
}

#[cfg(not(all(target_arch = "x86_64", not(miri))))]
fn invariant_counter() -> bool {
    false
}

#[cfg(all(target_arch = "x86_64", not(miri)))]
#[inline]
fn read_counter() -> u64 {
    // SAFETY: RDTSC exists on every x86-64 CPU; a kernel that forbids it in user mode also hides the invariant bit.
    unsafe { std::arch::x86_64::_rdtsc() }
}

#[cfg(not(all(target_arch = "x86_64", not(miri))))]
fn read_counter() -> u64 {
    unreachable!("the counter is chosen only where it exists")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_agrees_with_the_operating_system() {
        let clock = Clock::start();
        // Each reading stands between two of the system's, which may be far apart on a busy machine.
        let (before, begin, after) = (Instant::now(), clock.read(), Instant::now());
        std::thread::sleep(Duration::from_millis(20));
        let (shortest, end, longest) = (after.elapsed(), clock.read(), before.elapsed());
        let measured = clock.nanoseconds(end.since(begin)) as f64;
        let [shortest, longest] = [shortest, longest].map(|time| time.as_nanos() as f64);
        // The bounds are loose: a preemption disturbs the calibration as well.
        assert!(measured > shortest / 2.0, "measured {measured} ns, true at least {shortest} ns");
        assert!(measured < longest * 2.0, "measured {measured} ns, true at most {longest} ns");
        assert!(clock.step_ns() > 0.0 && clock.read_ns() > 0.0);
    }

    #[test]
    fn ticks_never_run_backwards() {
        let clock = Clock::start();
        assert_eq!(Ticks(5).since(Ticks(9)), 0);
        assert_eq!(clock.nanoseconds(clock.ticks(1_000_000)), 1_000_000);
    }
}
