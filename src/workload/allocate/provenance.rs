//! The build of an allocator, and a check that it is optimised.
//!
//! A crate can build its allocator without optimisation when the profile has debug information, or when a flag of the
//! environment says so, and nothing reports it. Such a peer loses every comparison for a reason that has nothing to do with
//! its design.

use super::choice::{Allocator, Generic, Parameters, Workload};
use super::pattern::{Dimensions, Pattern, WorkerSetup};
use super::peer::{Peer, Provenance};
use crate::measure::Clock;
use crate::slab::Hardening;

/// The time of one operation of larson, as measured for the check.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Speed {
    /// The allocator's, in ns.
    pub allocator_ns: f64,
    /// The C library's, in ns.
    pub system_ns: f64,
}

/// Times of the C library's allocator from which on a peer was certainly built without optimisation.
///
/// Optimised peers take 0.5 to 0.6 of its time here. Compiled with -O0, rpmalloc takes 2.1, mimalloc 2.9 and snmalloc 10
/// times as long as the C library's, which its distribution has optimised.
const UNOPTIMISED_FROM: f64 = 1.5;

/// Operations of one attempt, about 200 us, and attempts, of which the fastest counts: one without an interruption.
const OPERATIONS: u64 = 16_384;
const ATTEMPTS: usize = 9;

impl Speed {
    /// True unless the allocator is so slow that it was built without optimisation.
    pub fn is_optimised(self) -> bool {
        self.allocator_ns < UNOPTIMISED_FROM * self.system_ns
    }
}

impl Allocator {
    /// Version and build of this allocator; `None` for no allocator, and for one that this program lacks.
    pub fn provenance(self) -> Option<Provenance> {
        if self.is_built_in() { larson(self).choose(Origin) } else { None }
    }

    /// Measures a short larson on this thread, on this allocator and on the C library's. `None` for allocators of which the
    /// program knows how they were built.
    pub fn speed(self, clock: &Clock) -> Option<Speed> {
        if !self.is_from_another_project() || !self.is_built_in() {
            return None;
        }
        let time = |allocator| {
            let larson = larson(allocator);
            larson.choose(Attempts { clock, dimensions: larson.dimensions })
        };
        Some(Speed { allocator_ns: time(self)?, system_ns: time(Allocator::System)? })
    }
}

fn larson(allocator: Allocator) -> Parameters {
    let dimensions = Workload::Larson.dimensions(None, None, None);
    Parameters {
        workload: Workload::Larson,
        allocator,
        dimensions,
        arrivals: None,
        hardening: Hardening::Cheap,
    }
}

struct Origin;

impl<'heap> Generic<'heap> for Origin {
    type Output = Option<Provenance>;

    fn run<P: Pattern<A>, A: Peer<'heap>>(self) -> Option<Provenance> {
        A::provenance()
    }
}

struct Attempts<'c> {
    clock: &'c Clock,
    dimensions: Dimensions,
}

impl<'heap> Generic<'heap> for Attempts<'_> {
    /// Nanoseconds an operation; `None` without memory.
    type Output = Option<f64>;

    fn run<P: Pattern<A>, A: Peer<'heap>>(self) -> Option<f64> {
        let dimensions = self.dimensions;
        let mut allocator = A::serve(0, P::demand(dimensions), None).ok()?;
        let shared = P::share(dimensions, 1);
        let setup = WorkerSetup { worker: 0, workers: 1, seed: 1, dimensions, shared: &shared };
        let mut pattern = P::new(&mut allocator, setup).ok()?;
        let mut fastest = f64::INFINITY;
        for _ in 0..ATTEMPTS {
            let began = self.clock.read();
            pattern.run_for(&mut allocator, &shared, OPERATIONS).ok()?;
            let elapsed_ns = self.clock.nanoseconds(self.clock.read().since(began));
            fastest = fastest.min(elapsed_ns as f64 / OPERATIONS as f64);
        }
        pattern.finish(&mut allocator, &shared).ok()?;
        Some(fastest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::word::Word;

    #[test]
    fn an_allocator_is_optimised_unless_it_is_clearly_slower_than_the_c_library() {
        let optimised = |allocator_ns, system_ns| Speed { allocator_ns, system_ns }.is_optimised();
        // Measured: optimised, and -O0 of rpmalloc, mimalloc and snmalloc.
        assert!(optimised(9.2, 17.3) && optimised(17.3, 17.3));
        assert!(!optimised(36.8, 17.3) && !optimised(50.8, 17.3) && !optimised(143.0, 14.5));
    }

    #[test]
    fn every_allocator_of_this_build_tells_its_version_and_null_has_none() {
        let clock = Clock::start();
        for allocator in Allocator::ALL.iter().filter(|allocator| allocator.is_built_in()) {
            let provenance = allocator.provenance();
            assert_eq!(provenance.is_some(), *allocator != Allocator::Null);
            if let Some(Provenance { version, build }) = provenance {
                println!("{version}: {build}");
                assert!(
                    version.contains(|c: char| c.is_ascii_digit()) && !build.is_empty(),
                    "{version}: {build}"
                );
            }
            let speed = allocator.speed(&clock);
            assert_eq!(speed.is_some(), allocator.is_from_another_project(), "{allocator:?}");
            assert!(speed.is_none_or(|speed| speed.allocator_ns > 0.0 && speed.system_ns > 0.0));
        }
    }

    #[cfg(feature = "peers")]
    #[test]
    fn libraries_that_tell_their_version_are_those_that_are_meant() {
        let version = |allocator: Allocator| allocator.provenance().expect("it is built in").version;
        assert!(version(Allocator::Mimalloc).starts_with("mimalloc 3."));
        assert!(version(Allocator::Jemalloc).starts_with("jemalloc 5.3"));
    }
}
