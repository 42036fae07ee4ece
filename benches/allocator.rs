//! larson on our slab allocator and on its peers, interleaved in one run: `cargo bench --bench allocator --features peers`.
//!
//! Every allocator is first shown to keep what is written into its objects. Then each round runs every arm once, in
//! shuffled order, on pinned threads; the output is CPU time an operation and its ratio to each peer *within the
//! same round*, median and full range over the rounds. Arguments: rounds (default 15), operations a round in thousands
//! (default 8000).
#![allow(unsafe_code)]

use std::alloc::Layout;
use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::sync::Barrier;

use numamark::measure::Clock;
use numamark::mix::{Random, mix64};
use numamark::numa::Reservation;
use numamark::slab::{
    Allocate, Arena, Cache, Demand, Heap, HeapOptions, Misuse, Object, OutOfMemory, arena_bytes_needed,
};
use numamark::workload::allocate::larson::{Larson, SIZES, SLOTS};
use numamark::workload::allocate::pattern::{Dimensions, Pattern, WorkerSetup};
use numamark::workload::allocate::peer::{Null, System};

/// A peer's object: as large as ours, so that the table of slots is equally large.
struct PeerObject {
    pointer: NonNull<u8>,
    bytes: usize,
}

impl AsMut<[MaybeUninit<u8>]> for PeerObject {
    #[inline]
    fn as_mut(&mut self) -> &mut [MaybeUninit<u8>] {
        // SAFETY: made in `take` from a live allocation of this size, and consumed when that ends.
        unsafe { std::slice::from_raw_parts_mut(self.pointer.as_ptr().cast(), self.bytes) }
    }
}

struct Mimalloc;

impl Allocate for Mimalloc {
    type Object = PeerObject;

    #[inline]
    fn take(&mut self, layout: Layout) -> Result<PeerObject, OutOfMemory> {
        assert!(layout.align() <= 8, "mi_malloc aligns to 8 at least");
        // SAFETY: plain C call.
        let pointer = unsafe { libmimalloc_sys::mi_malloc(layout.size()) };
        let pointer = NonNull::new(pointer.cast()).ok_or(OutOfMemory)?;
        Ok(PeerObject { pointer, bytes: layout.size() })
    }

    #[inline]
    fn give_back(&mut self, object: PeerObject) -> Result<(), Misuse> {
        // SAFETY: from `take`, and consumed.
        unsafe { libmimalloc_sys::mi_free(object.pointer.as_ptr().cast()) };
        Ok(())
    }

    #[inline]
    fn memory<'a>(&'a mut self, object: &'a mut PeerObject) -> &'a mut [MaybeUninit<u8>] {
        object.as_mut()
    }
}

struct Snmalloc;

impl Allocate for Snmalloc {
    type Object = PeerObject;

    #[inline]
    fn take(&mut self, layout: Layout) -> Result<PeerObject, OutOfMemory> {
        // SAFETY: plain C call with a power of two first.
        let pointer = unsafe { snmalloc_sys::sn_rust_alloc(8, layout.size()) };
        let pointer = NonNull::new(pointer.cast()).ok_or(OutOfMemory)?;
        Ok(PeerObject { pointer, bytes: layout.size() })
    }

    #[inline]
    fn give_back(&mut self, object: PeerObject) -> Result<(), Misuse> {
        // SAFETY: from `take` with this size and alignment, and consumed.
        unsafe { snmalloc_sys::sn_rust_dealloc(object.pointer.as_ptr().cast(), 8, object.bytes) };
        Ok(())
    }

    #[inline]
    fn memory<'a>(&'a mut self, object: &'a mut PeerObject) -> &'a mut [MaybeUninit<u8>] {
        object.as_mut()
    }
}

/// Our cache behind calls that are not inlined: the peers, being C, pay for such calls.
struct NotInlined<'heap>(Cache<'heap>);

impl<'heap> Allocate for NotInlined<'heap> {
    type Object = Object<'heap>;

    #[inline(never)]
    fn take(&mut self, layout: Layout) -> Result<Object<'heap>, OutOfMemory> {
        self.0.take(layout)
    }

    #[inline(never)]
    fn give_back(&mut self, object: Object<'heap>) -> Result<(), Misuse> {
        self.0.give_back(object)
    }

    #[inline]
    fn memory<'a>(&'a mut self, object: &'a mut Object<'heap>) -> &'a mut [MaybeUninit<u8>] {
        object.as_mut()
    }
}

unsafe extern "C" {
    fn mi_version() -> c_int;
}

const ARMS: [&str; 6] = ["slab", "slab, calls not inlined", "mimalloc", "snmalloc", "system", "null"];

fn main() {
    // Cargo passes `--bench`; only numbers are arguments of this program.
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let rounds = numbers.first().copied().unwrap_or(15).max(1);
    let operations = numbers.get(1).copied().unwrap_or(8000) * 1000;
    // SAFETY: plain C call.
    let version = unsafe { mi_version() };
    println!("larson: {SLOTS} slots a worker, {} to {} bytes, uniform", SIZES.min, SIZES.max);
    println!(
        "mimalloc {}.{}.{} (libmimalloc-sys {}), release",
        version / 10_000,
        version / 100 % 100,
        version % 100,
        locked("libmimalloc-sys")
    );
    println!("snmalloc (snmalloc-sys {}), CMake Release, no checks", locked("snmalloc-sys"));
    println!(
        "{rounds} rounds of {} M operations an arm, CPU time of the worker, pinned\n",
        operations / 1_000_000
    );
    verify_all();
    for workers in [1, 2] {
        compare(workers, rounds, operations);
    }
}

/// A dependency's version as Cargo resolved it.
fn locked(name: &str) -> &'static str {
    let lock = include_str!("../Cargo.lock");
    let entry = lock.split("[[package]]").find(|entry| entry.contains(&format!("name = \"{name}\"")));
    let version = entry.and_then(|entry| entry.split("version = \"").nth(1)?.split('"').next());
    version.expect("every dependency is locked")
}

fn new_heap(workers: u32) -> Heap {
    let demand = Demand {
        live_per_worker: u64::from(SLOTS) + 1,
        bytes_min: u64::from(SIZES.min),
        bytes_max: u64::from(SIZES.max),
    };
    // Twice, because two arms use the heap.
    let bytes = arena_bytes_needed(workers * 2, demand) as usize;
    let arena = Arena::bound(Reservation::new(bytes).expect("address space")).expect("small");
    let heap = Heap::new(arena, HeapOptions::new(workers * 2, Clock::start())).expect("valid options");
    heap.populate(0, 1).expect("memory");
    heap
}

/// Objects keep what is written into them, in all bytes, while other objects are allocated and freed.
fn verify<A: Allocate>(name: &str, mut allocator: A) {
    let mut random = Random::new(1);
    let mut live: Vec<(A::Object, u64)> = Vec::new();
    for tag in 0..200_000u64 {
        let bytes = SIZES.uniform(&mut random) as usize;
        let mut object = allocator.take(Layout::from_size_align(bytes, 8).expect("valid")).expect("room");
        for (place, byte) in allocator.memory(&mut object).iter_mut().enumerate() {
            byte.write((mix64(tag) >> (place % 8 * 8)) as u8);
        }
        live.push((object, tag));
        if live.len() > SLOTS as usize {
            let victim = random.below(live.len() as u32) as usize;
            let (mut object, tag) = live.swap_remove(victim);
            for (place, byte) in allocator.memory(&mut object).iter_mut().enumerate() {
                // SAFETY: written above.
                let found = unsafe { byte.assume_init_read() };
                assert_eq!(found, (mix64(tag) >> (place % 8 * 8)) as u8, "{name}: an object changed");
            }
            allocator.give_back(object).expect("a live object");
        }
    }
    live.into_iter().for_each(|(object, _)| allocator.give_back(object).expect("a live object"));
}

fn verify_all() {
    let heap = new_heap(1);
    verify("slab", heap.cache(0).expect("once"));
    verify("slab, calls not inlined", NotInlined(heap.cache(1).expect("once")));
    verify("mimalloc", Mimalloc);
    verify("snmalloc", Snmalloc);
    verify("system", System);
    assert_eq!(heap.violations(), 0);
    println!("verified: objects of every allocator keep their contents");
}

fn thread_cpu_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: a valid clock and a valid place for its time.
    let code = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    assert_eq!(code, 0, "the clock of a thread's CPU time");
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
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

fn run<A: Allocate<Object: Send>>(mut allocator: A, seed: u64, operations: u64) -> f64 {
    let dimensions = Dimensions { objects: SLOTS, sizes: SIZES };
    let setup = WorkerSetup { worker: 0, workers: 1, seed, dimensions, shared: &() };
    let mut larson: Larson<A::Object> = Pattern::new(&mut allocator, setup).expect("room");
    // Warm: every class has its slabs, every slot its second object.
    larson.run_for(&mut allocator, &(), 20 * u64::from(SLOTS)).expect("room");
    let start = thread_cpu_ns();
    larson.run_for(&mut allocator, &(), operations).expect("room");
    let elapsed = thread_cpu_ns() - start;
    Pattern::<A>::finish(larson, &mut allocator, &()).expect("live objects");
    elapsed as f64 / operations as f64
}

/// One arm in one round: nanoseconds of CPU time an operation, mean over the workers, which run at the same time.
fn run_arm(arm: usize, heap: &Heap, workers: u32, seed: u64, operations: u64) -> f64 {
    let barrier = Barrier::new(workers as usize);
    let work = |worker: u32| {
        pin(worker);
        barrier.wait();
        let seed = seed * 1000 + u64::from(worker);
        match arm {
            0 => run(heap.cache(worker).expect("once"), seed, operations),
            1 => run(NotInlined(heap.cache(worker).expect("once")), seed, operations),
            2 => run(Mimalloc, seed, operations),
            3 => run(Snmalloc, seed, operations),
            4 => run(System, seed, operations),
            _ => run(Null::new(SIZES.max as usize), seed, operations),
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..workers).map(|worker| scope.spawn(move || work(worker))).collect();
        let times = threads.into_iter().map(|thread| thread.join().expect("no worker fails"));
        times.sum::<f64>() / f64::from(workers)
    })
}

fn compare(workers: u32, rounds: u64, operations: u64) {
    let heap = new_heap(workers);
    let mut random = Random::new(u64::from(workers));
    let mut times = vec![[0.0; ARMS.len()]; rounds as usize];
    for (round, row) in times.iter_mut().enumerate() {
        let mut order: Vec<usize> = (0..ARMS.len()).collect();
        random.shuffle(&mut order);
        for arm in order {
            row[arm] = run_arm(arm, &heap, workers, round as u64 + 1, operations);
        }
    }
    println!(
        "\n{workers} worker(s)            ns/op  M op/s    slab / this (median, min .. max)    not inlined / this"
    );
    for (arm, name) in ARMS.iter().enumerate() {
        let column = |value: &dyn Fn(&[f64; 6]) -> f64| spread(times.iter().map(value).collect());
        let (time, ..) = column(&|row| row[arm]);
        let (median, low, high) = column(&|row| row[arm] / row[0]);
        let (calls, calls_low, calls_high) = column(&|row| row[arm] / row[1]);
        println!(
            "{name:<24} {time:6.2} {:7.1}    {median:.3}  {low:.3} .. {high:.3}             {calls:.3}  {calls_low:.3} .. {calls_high:.3}",
            1e3 / time
        );
    }
    for inlined in [0, 1] {
        let best = |row: &[f64; 6]| row[2].min(row[3]) / row[inlined];
        let (median, low, high) = spread(times.iter().map(best).collect());
        let verdict = if median >= 1.0 { "met" } else { "NOT met" };
        println!(
            "{} against the best of mimalloc and snmalloc: {median:.3} ({low:.3} .. {high:.3}); target 1.0 {verdict}",
            ARMS[inlined]
        );
    }
    assert_eq!(heap.violations(), 0, "{:?}", heap.first_violation());
    let (snmalloc, ..) = spread(times.iter().map(|row| row[3] / row[4]).collect());
    if snmalloc > 1.0 {
        println!(
            "WARNING: snmalloc is slower than the system's allocator: was it built without optimisation?"
        );
    }
}

/// Median, smallest and largest.
fn spread(mut values: Vec<f64>) -> (f64, f64, f64) {
    values.sort_unstable_by(f64::total_cmp);
    (values[values.len() / 2], values[0], values[values.len() - 1])
}

const _: () = assert!(size_of::<PeerObject>() == size_of::<Object<'static>>() && size_of::<c_void>() == 1);
