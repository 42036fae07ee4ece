//! Verification of whole chunks of every arm, over two different earlier contents, before any figure is printed.

use std::mem::MaybeUninit;

use numamark::generator::{Digest, Kernel, KernelName, Stores};

use crate::arms::{Arm, as_written, peer, together};
use crate::cases::Case;

/// Verifies the arm's output; panics with the fault.
pub fn verify(case: &Case, chunk: &mut [MaybeUninit<u8>], stores: Stores) {
    for arm in &case.arms {
        match arm {
            Arm::Ours { .. } => verify_ours(arm, case.workers, chunk, stores),
            Arm::Peer { compress, .. } => verify_peer(*compress, case.workers, chunk),
            Arm::Loop(store_loop) => {
                together(chunk, case.workers, 1, |_, _, part| store_loop.run(part, 0x0101_0101_0101_0101));
                let all = as_written(chunk).iter().all(|byte| *byte == 1);
                assert!(all, "{} left bytes unwritten", store_loop.name());
            }
        }
    }
}

/// The scalar kernel, the specification, gives the same bytes.
fn verify_ours(arm: &Arm, workers: usize, chunk: &mut [MaybeUninit<u8>], stores: Stores) {
    let (stream, _) = arm.ours().expect("arms without their kernel were left out");
    let scalar = Kernel::named(KernelName::Scalar).expect("runs everywhere");
    for before in [0x00, 0xFF] {
        chunk.fill(MaybeUninit::new(before));
        arm.run(chunk, workers, stores, 1);
        let checked = stream.verify(scalar, 0, as_written(chunk));
        checked.unwrap_or_else(|why| panic!("{}: {why}", arm.name()));
    }
}

/// The peer's output does not depend on earlier contents, and has as many zeros as its compression factor requires.
fn verify_peer(compress: usize, workers: usize, chunk: &mut [MaybeUninit<u8>]) {
    let digests = [0xFF, 0x00].map(|before| {
        chunk.fill(MaybeUninit::new(before));
        let chunk = as_written(chunk);
        assert_eq!(peer(chunk.len(), workers, compress).fill_chunk(chunk), chunk.len());
        let mut digest = Digest::new();
        digest.add(0, chunk);
        digest
    });
    assert_eq!(digests[0], digests[1], "dgen-data left bytes unwritten");
    let zeros = as_written(chunk).iter().filter(|byte| **byte == 0).count() as f64 / chunk.len() as f64;
    let expected = 1.0 - 1.0 / compress as f64;
    assert!((zeros - expected).abs() < 0.02, "dgen-data at {compress} : 1 has {zeros:.3} of zeros");
}
