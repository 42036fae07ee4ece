//! The core-clock probe: a core's time for a fixed chain of instructions, each of which depends on the result of the
//! one before it.
//!
//! The time stamp counter runs at a constant rate, independent of the core clock. A chain of dependent multiplications
//! takes a fixed number of core cycles and touches no memory. A busy sibling thread does not slow it, because that
//! thread's instructions fit into the gaps. So the ratio of two probes on one core is the ratio of its clock rates. It
//! shows turbo that ran out, a power or heat limit, and wide vector instructions that lowered the clock. (The method of
//! A. Fog's `testp` and of lmbench's `mhz`.)

use std::hint::black_box;

use super::Clock;

/// Links of the chain, each a multiplication (3 cycles on every x86-64 core since 2006) and an exclusive or (1 cycle):
/// 30 us at 3 GHz.
const LINKS: u64 = 22_500;
/// Number of attempts, so that at least one is not interrupted.
const ATTEMPTS: usize = 3;

/// Time of the chain on the calling thread's core, in nanoseconds: the fastest of three attempts, because an interrupt
/// only adds time.
pub fn core_clock_probe_ns(clock: &Clock) -> f64 {
    let attempt = |_| {
        let began = clock.read();
        black_box(chain(black_box(LINKS)));
        clock.nanoseconds(clock.read().since(began)) as f64
    };
    (0..ATTEMPTS).map(attempt).fold(f64::INFINITY, f64::min)
}

/// Runs the chain. The loop counter is part of each link, so that the compiler cannot fold two links into one.
#[inline(never)]
fn chain(links: u64) -> u64 {
    let mut value = links;
    for link in 0..links {
        value = (value ^ link).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
    value
}

#[cfg(all(test, not(miri)))]
mod tests {
    use super::*;

    #[test]
    fn a_chain_twice_as_long_takes_twice_as_long() {
        let clock = Clock::start();
        let time = |links| {
            let began = clock.read();
            black_box(chain(black_box(links)));
            clock.nanoseconds(clock.read().since(began)) as f64
        };
        // If the links were folded together the ratio would be 1; if they ran in parallel a link would take almost no
        // time: four cycles are not done in 0.4 ns at any clock rate there is.
        let is_plausible = |_| {
            let (one, two) = (time(LINKS), time(2 * LINKS));
            (1.6..2.5).contains(&(two / one)) && one / LINKS as f64 > 0.4
        };
        // On a busy machine most attempts are interrupted. One that is not is enough.
        assert!((0..1000).any(is_plausible));
        assert!(core_clock_probe_ns(&clock) > 0.0);
    }
}
