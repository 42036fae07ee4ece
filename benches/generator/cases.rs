//! The cases of the benchmark and the claims about each: the speed table of the project, row by row.

use numamark::generator::KernelName;
use numamark::workload::limit::StoreLoop;

use crate::arms::Arm;

/// Arms that take turns over the same chunk, and the claims that follow.
pub struct Case {
    pub workers: usize,
    pub chunk_bytes: usize,
    pub arms: Vec<Arm>,
    pub claims: Vec<Claim>,
}

/// The ratio of two arms of a case, and the least or most it must be.
#[derive(Clone, Copy)]
pub struct Claim {
    pub of: &'static str,
    pub against: Against,
    pub figure: Figure,
    pub bound: Bound,
}

#[derive(Clone, Copy)]
pub enum Against {
    Arm(&'static str),
    /// The fastest of the store loops in this case.
    BestLoop,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    Rate,
    CoreTime,
}

#[derive(Clone, Copy)]
pub enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

const KIB: u64 = 1 << 10;
const NONE: (&str, u64) = ("1", 4 * KIB);

const OURS: Arm = ours("ours", ("1", 64 * KIB), NONE);
const COMPRESSED: Arm = ours("ours c2", ("1", 64 * KIB), ("2", 4 * KIB));
const DGEN: Arm = Arm::Peer { name: "dgen", compress: 1 };
const DGEN_COMPRESSED: Arm = Arm::Peer { name: "dgen c2", compress: 2 };
const AVX2: Arm =
    Arm::Ours { name: "ours avx2", kernel: Some(KernelName::Avx2), dedup: ("1", 64 * KIB), compress: NONE };

/// Cost of dedup and compression: the arm, its reference, and the least share of the reference's rate.
const SHAPES: [(Arm, &str, f64); 7] = [
    (ours("d1.5 4KiB", ("1.5", 4 * KIB), NONE), "ours", 0.8),
    (ours("d1.5 64KiB", ("1.5", 64 * KIB), NONE), "ours", 1.0),
    (ours("d1.5 1MiB", ("1.5", 1024 * KIB), NONE), "ours", 1.0),
    (ours("c2 512B", ("1", 64 * KIB), ("2", KIB / 2)), "ours", 1.0),
    (ours("c1.1 4KiB", ("1", 64 * KIB), ("1.1", 4 * KIB)), "ours", 1.0),
    (ours("c2 128KiB", ("1", 64 * KIB), ("2", 128 * KIB)), "ours", 1.0),
    (ours("d1.5 64KiB c2", ("1.5", 64 * KIB), ("2", 4 * KIB)), "ours", 1.0),
];

const fn ours(name: &'static str, dedup: (&'static str, u64), compress: (&'static str, u64)) -> Arm {
    Arm::Ours { name, kernel: None, dedup, compress }
}

/// All cases that this number of workers can run.
pub fn cases(most_workers: usize) -> Vec<Case> {
    let of_two = [4, 8, 16, 64, 128, 256].map(|mebibytes| case(2, mebibytes << 20));
    let of_one = [4, 8, 64, 256].map(|mebibytes| case(1, mebibytes << 20));
    of_two.into_iter().chain(of_one).filter(|case| case.workers <= most_workers).collect()
}

fn case(workers: usize, chunk_bytes: usize) -> Case {
    let loops = StoreLoop::ALL.map(Arm::Loop);
    let mut case = Case { workers, chunk_bytes, arms: vec![OURS, DGEN], claims: Vec::new() };
    case.arms.extend(loops);
    let mebibytes = chunk_bytes >> 20;
    let dgen = match (workers, mebibytes) {
        (1, ..=8) => Some(6.5),
        (1, 64..) => Some(4.5),
        (2, ..=16) => Some(5.0),
        (2, 64) => Some(1.9),
        _ => None,
    };
    if let Some(least) = dgen {
        case.claim("ours", Against::Arm("dgen"), Bound::AtLeast(least));
    }
    if mebibytes >= 128 && workers == 2 {
        case.claim("ours", Against::BestLoop, Bound::AtLeast(0.97));
    }
    if mebibytes >= 128 {
        let cheap = Claim {
            of: "ours",
            against: Against::BestLoop,
            figure: Figure::CoreTime,
            bound: Bound::AtMost(1.05),
        };
        case.claims.push(cheap);
    }
    if workers == 2 && mebibytes <= 16 {
        case.arms.extend([COMPRESSED, DGEN_COMPRESSED, AVX2]);
        case.claim("ours c2", Against::Arm("dgen c2"), Bound::AtLeast(4.0));
        case.claim("ours avx2", Against::Arm("dgen"), Bound::AtLeast(3.0));
    }
    if mebibytes == 8 || (workers == 2 && mebibytes == 128) {
        for (arm, off, least) in SHAPES {
            case.arms.push(arm);
            case.claim(arm.name(), Against::Arm(off), Bound::AtLeast(least));
        }
    }
    // No figure for a kernel that this CPU cannot run.
    case.arms.retain(|arm| !matches!(arm, Arm::Ours { .. }) || arm.ours().is_some());
    let arms = case.arms.clone();
    case.claims.retain(|claim| arms.iter().any(|arm| arm.name() == claim.of));
    case
}

impl Case {
    fn claim(&mut self, of: &'static str, against: Against, bound: Bound) {
        self.claims.push(Claim { of, against, figure: Figure::Rate, bound });
    }
}
