//! One arm of one round, in a process of its own.
#![allow(unsafe_code)]

use std::alloc::Layout;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use numamark::measure::{Clock, Instruments, NoiseCounters, Prices, resident_peak_bytes};
use numamark::numa::Reservation;
use numamark::slab::{
    Allocate, Arena, Cache, Cheap, Demand, Full, Hardening, Heap, HeapOptions, Level, Misuse, Object, Off,
    OutOfMemory, Strict, with_background,
};
use numamark::workload::allocate::peer::{Peer, Provenance};
use numamark::workload::allocate::{Allocator, Role, Session, Span, WorkerRecord};
use numamark::workload::intervals::Division;
use numamark::workload::{Ended, collect};

use crate::rows::{Arm, Row, rows};
use crate::table::Sample;

/// First argument of a child.
pub const FLAG: &str = "--child";

const TIMED_NS: u64 = 150_000_000;

/// Our cache, inlined, without a record of refills: the peers record none, and a record takes megabytes.
struct Inlined<'heap, L: Level>(Cache<'heap, L>);

impl<'heap, L: Level> Allocate for Inlined<'heap, L> {
    type Object = Object<'heap>;

    #[inline]
    fn take(&mut self, layout: Layout) -> Result<Object<'heap>, OutOfMemory> {
        self.0.take(layout)
    }

    #[inline]
    fn give_back(&mut self, object: Object<'heap>) -> Result<(), Misuse> {
        self.0.give_back(object)
    }

    #[inline]
    fn memory<'a>(&'a mut self, object: &'a mut Object<'heap>) -> &'a mut [MaybeUninit<u8>] {
        object.as_mut()
    }
}

impl<'heap, L: Level> Peer<'heap> for Inlined<'heap, L> {
    fn provenance() -> Option<Provenance> {
        <Cache<'heap> as Peer<'heap>>::provenance()
    }

    fn serve(worker: u32, demand: Demand, heap: Option<&'heap Heap>) -> numamark::error::Result<Self> {
        <Cache<'heap, L> as Peer<'heap>>::serve(worker, demand, heap).map(Inlined)
    }
}

/// Our cache behind calls that are not inlined: the peers, being C, pay for such calls. Like theirs, the calls get size
/// and alignment and return an address; the object is put together by the caller.
struct Called<'heap>(Cache<'heap>);

/// As large as the objects of all other arms.
struct CalledObject {
    pointer: NonNull<u8>,
    bytes: u32,
    align: u32,
}

// SAFETY: it owns its memory as a Box would, and any thread may free it.
unsafe impl Send for CalledObject {}

#[inline(never)]
fn allocate(cache: &mut Cache<'_>, layout: Layout) -> Result<NonNull<u8>, OutOfMemory> {
    cache.allocate(layout)
}

/// # Safety
/// The memory was allocated with this layout and is no longer used.
#[inline(never)]
unsafe fn deallocate(cache: &mut Cache<'_>, pointer: NonNull<u8>, layout: Layout) -> Result<(), Misuse> {
    // SAFETY: by the caller's guarantee.
    unsafe { cache.deallocate(pointer, layout) }
}

impl Allocate for Called<'_> {
    type Object = CalledObject;

    #[inline]
    fn take(&mut self, layout: Layout) -> Result<CalledObject, OutOfMemory> {
        let pointer = allocate(&mut self.0, layout)?;
        Ok(CalledObject { pointer, bytes: layout.size() as u32, align: layout.align() as u32 })
    }

    #[inline]
    fn give_back(&mut self, object: CalledObject) -> Result<(), Misuse> {
        // SAFETY: the parts of a valid layout; the memory is live, and the object is consumed.
        unsafe {
            let layout = Layout::from_size_align_unchecked(object.bytes as usize, object.align as usize);
            deallocate(&mut self.0, object.pointer, layout)
        }
    }

    #[inline]
    fn memory<'a>(&'a mut self, object: &'a mut CalledObject) -> &'a mut [MaybeUninit<u8>] {
        // SAFETY: the object is live and borrowed for as long as its memory.
        unsafe { std::slice::from_raw_parts_mut(object.pointer.as_ptr().cast(), object.bytes as usize) }
    }
}

const _: () = assert!(size_of::<Option<CalledObject>>() == 16);

impl<'heap> Peer<'heap> for Called<'heap> {
    fn provenance() -> Option<Provenance> {
        <Cache<'heap> as Peer<'heap>>::provenance()
    }

    fn serve(
        worker: u32,
        demand: Demand,
        heap: Option<&'heap Heap>,
    ) -> numamark::error::Result<Called<'heap>> {
        <Cache<'heap> as Peer<'heap>>::serve(worker, demand, heap).map(Called)
    }
}

/// Runs `ROW ARM SEED` and prints ns per operation, the peak of resident bytes, and page faults of a thousand operations.
pub fn main(arguments: &[String]) {
    let [row, arm, seed] = arguments else { panic!("a child gets a row, an arm and a seed") };
    let row = rows().into_iter().find(|known| known.name == *row).expect("the parent has the same rows");
    let arm = Arm::ALL.into_iter().find(|known| known.word() == arm).expect("the parent has the same arms");
    let Sample { ns, resident_bytes, faults } = run(&row, arm, seed.parse().expect("a number"));
    println!("{ns} {resident_bytes} {faults}");
}

fn run(row: &Row, arm: Arm, seed: u64) -> Sample {
    use_small_pages(row.has_huge_pages);
    let (clock, counters) = (Clock::start(), NoiseCounters::survey(None));
    let division = Division { interval_ns: 1_000_000_000, count_max: 100 };
    let span = Span { warmup_ns: row.warmup_ns, timed_ns: TIMED_NS, division, stop: &|| false };
    let instruments = Instruments { clock, prices: Prices::measure(&clock), counters: &counters };
    let parameters = row.parameters(arm);
    let session = Session::new(parameters, row.workers, span, seed, instruments);
    let heap = match parameters.arena_bytes(row.workers) {
        0 => None,
        bytes => {
            let reservation =
                Reservation::new(usize::try_from(bytes).expect("it fits")).expect("address space");
            let arena = Arena::bound(reservation).expect("an arena over it");
            let hardening = parameters.hardening;
            let options = HeapOptions { hardening, ..HeapOptions::new(row.workers, clock) };
            Some(Heap::new(arena, options).expect("valid options"))
        }
    };
    let workers = row.workers;
    let part = |part: &Role<'_>| crew(part, workers);
    let before = resident_bytes_anew();
    let work = || {
        collect(match arm {
            Arm::Called => session.run_on::<Called<'_>, _>(heap.as_ref(), part),
            Arm::Hardened(Hardening::Off) => session.run_on::<Inlined<'_, Off>, _>(heap.as_ref(), part),
            Arm::Hardened(Hardening::Strict) => session.run_on::<Inlined<'_, Strict>, _>(heap.as_ref(), part),
            Arm::Hardened(Hardening::Full) => session.run_on::<Inlined<'_, Full>, _>(heap.as_ref(), part),
            Arm::Of(Allocator::Slab) | Arm::Hardened(Hardening::Cheap) => {
                session.run_on::<Inlined<'_, Cheap>, _>(heap.as_ref(), part)
            }
            Arm::Of(_) => session.run(heap.as_ref(), part),
        })
    };
    let records = match &heap {
        Some(heap) => with_background(row.background, heap, work).map(|(records, _)| records),
        None => work(),
    };
    let measured = session.measured(&records.expect("neither a worker nor the work beside them fails"));
    let resident_bytes = resident_peak_bytes().expect("the kernel tells it") - before;
    assert_eq!(heap.map_or(0, |heap| heap.violations()), 0, "violations");
    let ns = if row.is_wall() { measured.elapsed_ns } else { measured.cpu_ns };
    let operations = measured.operations as f64;
    Sample {
        ns: ns as f64 / operations,
        resident_bytes: resident_bytes as f64,
        faults: measured.noise.minor_faults as f64 * 1e3 / operations,
    }
}

/// Forbids huge pages to this process, so that all arms have pages of one size, unless the row is about them.
fn use_small_pages(unless: bool) {
    // SAFETY: a plain system call.
    let code = unsafe { libc::prctl(libc::PR_SET_THP_DISABLE, libc::c_ulong::from(!unless), 0, 0, 0) };
    assert_eq!(code, 0, "the kernel knows the page settings of a process");
}

/// Makes the kernel forget the peak of resident memory so far, which is that of the preparations. Returns what is resident.
fn resident_bytes_anew() -> u64 {
    std::fs::write("/proc/self/clear_refs", "5").expect("the kernel forgets the peak of this process");
    resident_peak_bytes().expect("the kernel tells it")
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
