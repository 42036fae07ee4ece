//! The workloads and the arms of the table.

use numamark::slab::{Background, Hardening};
use numamark::word::Word;
use numamark::workload::allocate::{Allocator, Parameters, Sizes, Workload};

/// One workload with its parameters.
pub struct Row {
    pub name: String,
    pub workload: Workload,
    /// Objects, where the row does not take the workload's own number.
    pub objects: Option<u32>,
    pub sizes: Option<Sizes>,
    pub workers: u32,
    /// True when arms may use huge pages, where the machine's settings let them.
    pub has_huge_pages: bool,
    /// Work beside the workers of the slab's arms.
    pub background: Background,
    /// Nanoseconds of warm-up.
    pub warmup_ns: u64,
}

/// Warm-up that takes the first touches.
const WARMUP_NS: u64 = 50_000_000;

/// One column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arm {
    /// The slab allocator behind calls that are not inlined.
    Called,
    Of(Allocator),
    /// The slab allocator, inlined, with other checks than the default.
    Hardened(Hardening),
}

impl Arm {
    /// Slab first, null last, the peers of [`Arm::PEERS`] between.
    pub const ALL: [Arm; 11] = [
        Arm::Of(Allocator::Slab),
        Arm::Called,
        Arm::Of(Allocator::Mimalloc),
        Arm::Of(Allocator::Snmalloc),
        Arm::Of(Allocator::Jemalloc),
        Arm::Of(Allocator::Rpmalloc),
        Arm::Of(Allocator::System),
        Arm::Of(Allocator::Null),
        Arm::Hardened(Hardening::Off),
        Arm::Hardened(Hardening::Strict),
        Arm::Hardened(Hardening::Full),
    ];
    /// The arms among which the best peer is chosen, by index.
    pub const PEERS: std::ops::Range<usize> = 2..6;
    pub const SLAB: usize = 0;
    pub const CALLED: usize = 1;
    pub const NULL: usize = 7;
    pub const OFF: usize = 8;

    pub fn word(self) -> &'static str {
        match self {
            Arm::Called => "called",
            Arm::Of(allocator) => allocator.word(),
            Arm::Hardened(hardening) => hardening.word(),
        }
    }

    /// The allocator that serves it.
    pub fn allocator(self) -> Allocator {
        match self {
            Arm::Called | Arm::Hardened(_) => Allocator::Slab,
            Arm::Of(allocator) => allocator,
        }
    }
}

impl Row {
    pub fn parameters(&self, arm: Arm) -> Parameters {
        let dimensions = self.workload.dimensions(self.objects, self.objects, self.sizes);
        let hardening = if let Arm::Hardened(hardening) = arm { hardening } else { Hardening::Cheap };
        Parameters {
            workload: self.workload,
            allocator: arm.allocator(),
            dimensions,
            arrivals: None,
            hardening,
        }
    }

    /// Bytes of the live objects of all workers on average; `None` where no fixed number of objects is live.
    pub fn live_bytes(&self) -> Option<f64> {
        let dimensions = self.parameters(Arm::Of(Allocator::Null)).dimensions;
        let [min, max] = [dimensions.sizes.min, dimensions.sizes.max].map(f64::from);
        let mean = match self.workload {
            Workload::CrossThread | Workload::PingPong => return None,
            // Log-uniform.
            Workload::VariableSize => (max - min) / (max / min).ln(),
            _ => (min + max) / 2.0,
        };
        Some(f64::from(dimensions.objects) * mean * f64::from(self.workers))
    }

    /// True where workers wait for each other, or have work done for them: CPU time would leave that out.
    pub fn is_wall(&self) -> bool {
        self.workload == Workload::CrossThread || self.background != Background::Off || self.warmup_ns == 0
    }
}

/// Objects of 64 bytes, more than an allocator hands out in a timed region of 150 ms: 6 ns each.
const FIRST_TOUCHES: u32 = 24 << 20;

/// All rows, in the order of the table.
pub fn rows() -> Vec<Row> {
    let row = |name: &str, workload, objects, sizes, workers| Row {
        name: name.to_owned(),
        workload,
        objects,
        sizes,
        workers,
        has_huge_pages: false,
        background: Background::Off,
        warmup_ns: WARMUP_NS,
    };
    let huge =
        |name: &str, objects| Row { has_huge_pages: true, ..row(name, Workload::Grow, objects, None, 1) };
    // More objects than fit in the timed region, and no warm-up: every object is in memory that was never touched.
    let first = |name: &str| Row { warmup_ns: 0, ..huge(name, Some(FIRST_TOUCHES)) };
    let populate = |row: Row| Row { background: Background::Populate, ..row };
    vec![
        row("larson", Workload::Larson, None, None, 1),
        row("larson-2-workers", Workload::Larson, None, None, 2),
        row("fifo", Workload::Fifo, None, None, 1),
        row("fifo-2-workers", Workload::Fifo, None, None, 2),
        row("random", Workload::Random, None, None, 1),
        row("mixed-lifetime", Workload::MixedLifetime, None, None, 1),
        row("burst-20000", Workload::Burst, Some(20_000), None, 1),
        row("burst-200000", Workload::Burst, Some(200_000), None, 1),
        row("variable-size-4KiB", Workload::VariableSize, None, None, 1),
        row("variable-size-1MiB", Workload::VariableSize, None, Some(Sizes::new(8, 1 << 20)), 1),
        row("cross-thread", Workload::CrossThread, None, None, 2),
        row("larson-churn", Workload::LarsonChurn, None, None, 2),
        row("pingpong", Workload::PingPong, None, None, 1),
        row("grow", Workload::Grow, None, None, 1),
        huge("grow-huge-pages", None),
        populate(huge("grow-huge-pages-populate", None)),
        first("first-touch"),
        populate(first("first-touch-populate")),
    ]
}
