//! One arm of one round, in a process of its own.
#![allow(unsafe_code)]

use std::alloc::Layout;
use std::mem::MaybeUninit;

use numamark::error::Result;
use numamark::measure::{Clock, Instruments, NoiseCounters, Prices, resident_peak_bytes};
use numamark::numa::Reservation;
use numamark::slab::{Allocate, Arena, Cache, Demand, Heap, HeapOptions, Misuse, Object, OutOfMemory};
use numamark::workload::allocate::peer::{Peer, Provenance};
use numamark::workload::allocate::{Allocator, Role, Session, Span, WorkerRecord};
use numamark::workload::intervals::Division;
use numamark::workload::{Ended, collect};

use crate::rows::{Arm, Row, rows};

/// First argument of a child.
pub const FLAG: &str = "--child";

const WARMUP_NS: u64 = 50_000_000;
const TIMED_NS: u64 = 150_000_000;

/// A wrapper of our cache that records no refills: the peers record none, and a record takes megabytes.
macro_rules! unrecorded {
    ($(#[$about:meta])* $name:ident, $call:meta) => {
        $(#[$about])*
        struct $name<'heap>(Cache<'heap>);

        impl<'heap> Allocate for $name<'heap> {
            type Object = Object<'heap>;

            #[$call]
            fn take(&mut self, layout: Layout) -> Result<Object<'heap>, OutOfMemory> {
                self.0.take(layout)
            }

            #[$call]
            fn give_back(&mut self, object: Object<'heap>) -> Result<(), Misuse> {
                self.0.give_back(object)
            }

            #[inline]
            fn memory<'a>(&'a mut self, object: &'a mut Object<'heap>) -> &'a mut [MaybeUninit<u8>] {
                object.as_mut()
            }
        }

        impl<'heap> Peer<'heap> for $name<'heap> {
            fn provenance() -> Option<Provenance> {
                <Cache<'heap> as Peer<'heap>>::provenance()
            }

            fn serve(worker: u32, demand: Demand, heap: Option<&'heap Heap>) -> Result<$name<'heap>> {
                <Cache<'heap> as Peer<'heap>>::serve(worker, demand, heap).map($name)
            }
        }
    };
}

unrecorded! {
    /// Our cache, inlined into the workload.
    Inlined, inline
}

unrecorded! {
    /// Our cache behind calls that are not inlined: the peers, being C, pay for such calls.
    Called, inline(never)
}

/// Runs `ROW ARM SEED` and prints ns an operation and the peak of resident bytes.
pub fn main(arguments: &[String]) {
    let [row, arm, seed] = arguments else { panic!("a child gets a row, an arm and a seed") };
    let row = rows().into_iter().find(|known| known.name == *row).expect("the parent has the same rows");
    let arm = Arm::ALL.into_iter().find(|known| known.word() == arm).expect("the parent has the same arms");
    let (ns, resident_bytes) = run(&row, arm, seed.parse().expect("a number"));
    println!("{ns} {resident_bytes}");
}

fn run(row: &Row, arm: Arm, seed: u64) -> (f64, u64) {
    let (clock, counters) = (Clock::start(), NoiseCounters::survey(None));
    let division = Division { interval_ns: 1_000_000_000, count_max: 100 };
    let span = Span { warmup_ns: WARMUP_NS, timed_ns: TIMED_NS, division, stop: &|| false };
    let instruments = Instruments { clock, prices: Prices::measure(&clock), counters: &counters };
    let parameters = row.parameters(arm.allocator());
    let session = Session::new(parameters, row.workers, span, seed, instruments);
    let heap = match parameters.arena_bytes(row.workers) {
        0 => None,
        bytes => {
            let reservation =
                Reservation::new(usize::try_from(bytes).expect("it fits")).expect("address space");
            let arena = Arena::bound(reservation).expect("an arena over it");
            Some(Heap::new(arena, HeapOptions::new(row.workers, clock)).expect("valid options"))
        }
    };
    let workers = row.workers;
    let records = match arm {
        Arm::Called => session.run_on::<Called<'_>, _>(heap.as_ref(), |part| crew(part, workers)),
        Arm::Of(Allocator::Slab) => {
            session.run_on::<Inlined<'_>, _>(heap.as_ref(), |part| crew(part, workers))
        }
        Arm::Of(_) => session.run(heap.as_ref(), |part| crew(part, workers)),
    };
    let measured = session.measured(&collect(records).expect("no worker fails"));
    let resident_bytes = resident_peak_bytes().expect("the kernel tells it");
    assert_eq!(heap.map_or(0, |heap| heap.violations()), 0, "violations");
    let ns = if row.is_wall() { measured.elapsed_ns } else { measured.cpu_ns };
    (ns as f64 / measured.operations as f64, resident_bytes)
}

fn crew(part: &Role<'_>, workers: u32) -> Vec<Result<WorkerRecord, Ended>> {
    std::thread::scope(|scope| {
        let work = |worker| {
            pin(worker);
            part(worker)
        };
        let threads: Vec<_> = (0..workers).map(|worker| scope.spawn(move || work(worker))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no worker panics")).collect()
    })
}

fn pin(worker: u32) {
    // SAFETY: a zeroed set is an empty one.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: plain C calls on that set; a machine with fewer CPUs leaves the thread where it is.
    unsafe {
        libc::CPU_SET(worker as usize, &mut set);
        libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), std::ptr::from_ref(&set));
    }
}
