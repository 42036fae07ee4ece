//! Random traces of allocations, frees, departures and misuses on a heap, against a model. The fuzz target in `fuzz/`
//! plays its traces with the same interpreter.

mod interpreter;

use interpreter::{Played, play};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_heap_does_what_its_model_does(trace in proptest::collection::vec(any::<u8>(), 3..4000)) {
        play(&trace);
    }
}

/// A trace of this level: a fixed sequence of pseudo-random bytes.
fn trace(level: u8, seed: u64) -> Vec<u8> {
    let mut state = seed * 4 + u64::from(level) + 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    std::iter::once(level).chain((0..6000).map(|_| next())).collect()
}

#[test]
fn traces_of_every_level_allocate_and_misuse() {
    for level in 0..4 {
        let mut sum = Played::default();
        for seed in 0..16 {
            println!("level {level}, seed {seed}");
            let played = play(&trace(level, seed));
            sum.allocated += played.allocated;
            sum.refused += played.refused;
            sum.damaged += played.damaged;
        }
        println!("{sum:?}");
        assert!(sum.allocated > 1000 && sum.refused > 100, "{sum:?}");
        assert_eq!(sum.damaged > 0, level > 0, "without hardening nothing is damaged on purpose");
    }
}
