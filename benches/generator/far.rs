//! Time to the first byte at offset 2^60: at most that of the seeding and one segment.

use std::hint::black_box;
use std::mem::MaybeUninit;
use std::time::Instant;

use numamark::generator::{Kernel, SEGMENT_BYTES, Stores, Stream};

use crate::arms::Arm;
use crate::cases::Bound;
use crate::table::{Finding, compared};

/// Fills in a round: some milliseconds.
const FILLS: u64 = 1000;

/// One byte at the far offset against a whole segment at the beginning, for each arm; `None` for arms of other projects.
pub fn far(arm: &Arm, rounds: usize) -> Option<Finding> {
    let (stream, kernel) = arm.ours()?;
    let mut segment = vec![MaybeUninit::uninit(); SEGMENT_BYTES];
    let mut first_byte = Vec::new();
    let mut whole = Vec::new();
    for _ in 0..rounds {
        whole.push(seconds(stream, kernel, 0, &mut segment));
        first_byte.push(seconds(stream, kernel, 1 << 60, &mut segment[..1]));
    }
    let what = format!("{}: one byte at 2^60 / one segment at 0 (time)", arm.name());
    let case = "1 worker(s), 64KiB".to_owned();
    Some(Finding { case, what, bound: Bound::AtMost(1.0), ..compared(&whole, &first_byte) })
}

fn seconds(stream: Stream, kernel: Kernel, start: u64, out: &mut [MaybeUninit<u8>]) -> f64 {
    let began = Instant::now();
    for fill in 0..FILLS {
        let offset = start + fill * SEGMENT_BYTES as u64;
        black_box(stream.fill(kernel, Stores::Ordinary, offset, out));
    }
    began.elapsed().as_secs_f64()
}
