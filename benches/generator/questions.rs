//! What is asked: which of our arms, against which others, and what the project promises.

use numamark::generator::{
    Codec, Compression, Dedup, Kernel, KernelName, Ratio, SEGMENT_BYTES, Shape, Stores,
};
use numamark::workload::limit::StoreLoop;

use crate::arms::Arm;

const MIB: usize = 1 << 20;
const GIB: usize = 1 << 30;
/// The largest chunk of any question.
pub const CHUNK_BYTES_MAX: usize = 256 * MIB;

/// One line of the table.
pub struct Question {
    /// What is written, in few words.
    pub what: String,
    pub workers: usize,
    pub chunk_bytes: usize,
    pub ours: Arm,
    /// One arm, or the store loops, of which the best counts.
    pub others: Vec<Arm>,
    /// What the figure is.
    pub figure: Figure,
    /// The least, or for CPU time the most, that is promised.
    pub promised: Option<f64>,
}

/// What is compared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// Ours over the other's, more is better.
    Rate,
    /// CPU time for each byte, less is better.
    CpuTime,
}

impl Question {
    pub fn arms(&self) -> impl Iterator<Item = Arm> {
        std::iter::once(self.ours).chain(self.others.iter().copied())
    }
}

/// Every question, in the order of the table.
pub fn all(l3_bytes: u64) -> Vec<Question> {
    // As a run decides: one chunk is all that is in flight here.
    let stores = |chunk_bytes: usize| Stores::choose(chunk_bytes as u64, l3_bytes);
    let peer = |compress| vec![Arm::Peer { compress }];
    let loops = || StoreLoop::ALL.map(Arm::Loop).to_vec();
    let half = shape(None, Some(compression(None)));
    let mut questions = Vec::new();
    let mut ask = |what: &str, workers, chunk_bytes, ours, others, figure, promised| {
        questions.push(Question {
            what: what.to_owned(),
            workers,
            chunk_bytes,
            ours,
            others,
            figure,
            promised: Some(promised),
        });
    };
    for mib in [4, 8, 16, 64] {
        let (chunk, least) = (mib * MIB, if mib == 64 { 1.9 } else { 5.0 });
        ask("plain / dgen-data", 2, chunk, Arm::plain(stores(chunk)), peer(1), Figure::Rate, least);
    }
    for mib in [4, 8, 16] {
        let chunk = mib * MIB;
        let ours = shaped(half, stores(chunk));
        ask("compress 2 / dgen-data's", 2, chunk, ours, peer(2), Figure::Rate, 4.0);
    }
    for (mib, least) in [(4, 6.5), (8, 6.5), (64, 4.5), (256, 4.5)] {
        let chunk = mib * MIB;
        ask("plain / dgen-data", 1, chunk, Arm::plain(stores(chunk)), peer(1), Figure::Rate, least);
    }
    if let Ok(kernel) = Kernel::named(KernelName::Avx2) {
        for mib in [4, 8] {
            let ours = Arm::Ours { kernel, shape: Shape::PLAIN, stores: stores(mib * MIB), from: 0 };
            ask("AVX2 / dgen-data", 2, mib * MIB, ours, peer(1), Figure::Rate, 3.0);
        }
    }
    for mib in [128, 256] {
        let chunk = mib * MIB;
        let ours = Arm::plain(stores(chunk));
        ask("plain / best store loop", 2, chunk, ours, loops(), Figure::Rate, 0.97);
        ask("CPU time, plain / best store loop", 2, chunk, ours, loops(), Figure::CpuTime, 1.05);
    }
    for chunk in [8 * MIB, 128 * MIB] {
        let off = || vec![Arm::plain(stores(chunk))];
        for (what, shape, least) in shapes() {
            ask(&format!("{what} / off"), 2, chunk, shaped(shape, stores(chunk)), off(), Figure::Rate, least);
        }
    }
    // One segment, so that seeding and finding the place are all of the difference.
    let at = |from| Arm::Ours { kernel: Kernel::best(), shape: all_asked(), stores: Stores::Ordinary, from };
    ask("a segment at offset 2^60 / at 0", 1, SEGMENT_BYTES, at(1 << 60), vec![at(0)], Figure::Rate, 0.97);
    debug_assert!(questions.iter().all(|question| question.chunk_bytes <= GIB));
    questions
}

/// Shapes against none, and how much slower they may be.
fn shapes() -> [(&'static str, Shape, f64); 8] {
    let with = |unit: u64| shape(Some(dedup(unit)), None);
    [
        ("dedup 2, unit 4 KiB", with(4 << 10), 0.8),
        ("dedup 2, unit 16 KiB", with(16 << 10), 0.8),
        ("dedup 2, unit 64 KiB", with(64 << 10), 1.0),
        ("dedup 2, unit 1 MiB", with(1 << 20), 1.0),
        ("compress 2", shape(None, Some(compression(None))), 1.0),
        ("compress 2 for zstd-1", shape(None, Some(compression(Some(Codec::Zstd1)))), 1.0),
        ("compress 2 for lz4, granule 512 B", shape(None, Some(granule(512))), 1.0),
        ("dedup 2, compress 2", all_asked(), 1.0),
    ]
}

fn all_asked() -> Shape {
    shape(Some(dedup(64 << 10)), Some(compression(None)))
}

fn shaped(shape: Shape, stores: Stores) -> Arm {
    Arm::Ours { kernel: Kernel::best(), shape, stores, from: 0 }
}

fn shape(dedup: Option<Dedup>, compression: Option<Compression>) -> Shape {
    Shape::new(dedup, compression).expect("granules fit units")
}

fn two() -> Ratio {
    Ratio::new(2, 1).expect("2 is a ratio")
}

fn dedup(unit_bytes: u64) -> Dedup {
    Dedup::new(two(), unit_bytes, None).expect("a power of two in range")
}

fn compression(codec: Option<Codec>) -> Compression {
    Compression::new(two(), 4 << 10, codec).expect("half of 4 KiB can be had")
}

fn granule(granule_bytes: u64) -> Compression {
    Compression::new(two(), granule_bytes, Some(Codec::Lz4)).expect("half of a sector can be had")
}
