//! Counts the words of a text in threads, with every allocation of the program from one heap.
//!
//! `cargo run --release --no-default-features --example global -- FILE [THREADS]`
//!
//! A heap needs memory itself, ends somewhere and has a limited number of workers, so a global allocator over it needs
//! another allocator beside it. The system's serves before the heap exists, when the arena is used up, in threads beyond
//! the last worker, and in a thread whose cache is gone already.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, UnsafeCell};
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use numamark::measure::Clock;
use numamark::slab::{Arena, Cache, Heap, HeapOptions, SUPERSLAB_BYTES};

/// Bytes of the arena.
const ARENA_BYTES: usize = 64 << 20;
/// Workers, and so caches: those of a word's bits. Worker 0 is no thread's.
const WORKERS: u32 = u64::BITS;

#[global_allocator]
static GLOBAL: Global = Global;

static HEAP: OnceLock<Heap> = OnceLock::new();
/// One bit per worker: 1 is taken.
static TAKEN: AtomicU64 = AtomicU64::new(1);
/// The cache of worker 0: takes objects back in threads that have no cache.
static SPARE: Mutex<Option<Cache<'static>>> = Mutex::new(None);

thread_local! {
    // Initialised without code and without memory.
    static FRONT: Front = const { Front { cache: UnsafeCell::new(None), is_in_use: Cell::new(false) } };
}

/// The allocator of this program.
struct Global;

/// A thread's cache. Invariant: while `is_in_use`, one reference to what `cache` holds exists; otherwise none.
struct Front {
    cache: UnsafeCell<Option<Cache<'static>>>,
    is_in_use: Cell<bool>,
}

/// Creates the heap, unless it exists. Before, every block is the system's.
fn heap() -> &'static Heap {
    HEAP.get_or_init(|| {
        let arena = Arena::plain(ARENA_BYTES).expect("memory for the arena");
        Heap::new(arena, HeapOptions::new(WORKERS, Clock::start())).expect("valid options")
    })
}

/// Takes the lowest free number of a worker.
fn take_worker() -> Option<u32> {
    // Acquire: the worker's last cache is gone.
    let taken = TAKEN.fetch_update(Ordering::Acquire, Ordering::Relaxed, |taken| {
        (taken != u64::MAX).then(|| taken | (taken + 1))
    });
    taken.ok().map(u64::trailing_ones)
}

impl Front {
    /// Calls `work` with the thread's cache; `None` when it has none, or is in the middle of such a call.
    fn enter<T>(&self, heap: &'static Heap, work: impl FnOnce(&mut Cache<'static>) -> T) -> Option<T> {
        if self.is_in_use.replace(true) {
            return None;
        }
        // SAFETY: by the invariant there is no other reference, and until the end of this call there will be none.
        let cache = unsafe { &mut *self.cache.get() };
        if cache.is_none() {
            *cache = take_worker().and_then(|worker| heap.cache(worker).ok());
        }
        let done = cache.as_mut().map(work);
        self.is_in_use.set(false);
        done
    }
}

/// The end of a thread. Destructors of other thread-local values may come later: they find no `Front`.
impl Drop for Front {
    fn drop(&mut self) {
        if let Some(cache) = self.cache.get_mut().take() {
            let worker = cache.worker();
            drop(cache);
            // Release pairs with the Acquire of `take_worker`.
            TAKEN.fetch_and(!(1 << worker), Ordering::Release);
        }
    }
}

/// Calls `work` with the thread's cache, if it has one.
fn with_cache<T>(heap: &'static Heap, work: impl FnOnce(&mut Cache<'static>) -> T) -> Option<T> {
    FRONT.try_with(|front| front.enter(heap, work)).ok().flatten()
}

/// The heap, when this block is one of its arena.
fn owner(block: *mut u8) -> Option<&'static Heap> {
    HEAP.get().filter(|heap| {
        let arena = heap.arena();
        block.addr().wrapping_sub(arena.base().addr().get()) < arena.bytes()
    })
}

/// Gives a block of the arena back.
///
/// # Safety
/// As `GlobalAlloc::dealloc`.
unsafe fn give_back(heap: &'static Heap, block: NonNull<u8>, layout: Layout) {
    // A misuse is counted by the heap, and the block left alone.
    // SAFETY: the caller does not use the block any more.
    let done = with_cache(heap, |cache| unsafe { cache.deallocate(block, layout) });
    if done.is_none() {
        let mut spare = SPARE.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.is_none() {
            *spare = heap.cache(0).ok();
        }
        if let Some(cache) = spare.as_mut() {
            // SAFETY: as above.
            let _ = unsafe { cache.deallocate(block, layout) };
        }
    }
}

// SAFETY: a block is a live object of the heap, which never ends, or a block of the system's allocator, and goes back to
// where it came from: the arena's addresses tell them apart. No call panics, and none allocates through this allocator:
// caches use memory of the arena only.
unsafe impl GlobalAlloc for Global {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let block =
            HEAP.get().and_then(|heap| with_cache(heap, |cache| cache.allocate(layout).ok()).flatten());
        match block {
            Some(block) => block.as_ptr(),
            // SAFETY: by the caller's guarantee.
            None => unsafe { System.alloc(layout) },
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        match owner(block).zip(NonNull::new(block)) {
            // SAFETY: by the caller's guarantee.
            Some((heap, block)) => unsafe { give_back(heap, block, layout) },
            // SAFETY: by the caller's guarantee; the block is the system's.
            None => unsafe { System.dealloc(block, layout) },
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        if owner(block).is_none() {
            // SAFETY: by the caller's guarantee; the block is the system's, and stays there.
            return unsafe { System.realloc(block, layout, bytes) };
        }
        // SAFETY: the caller guarantees that the new size makes a valid layout.
        let moved = unsafe { self.alloc(Layout::from_size_align_unchecked(bytes, layout.align())) };
        if !moved.is_null() {
            // SAFETY: two live blocks, both at least this long.
            unsafe { moved.copy_from_nonoverlapping(block, bytes.min(layout.size())) };
            // SAFETY: by the caller's guarantee.
            unsafe { self.dealloc(block, layout) };
        }
        moved
    }
}

fn main() -> ExitCode {
    heap();
    match run() {
        Ok(said) => {
            println!("{said}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("global: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<String, String> {
    let usage = "usage: global FILE [THREADS]";
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or(usage)?;
    let threads = match arguments.next() {
        None => 4,
        Some(text) => text
            .parse()
            .ok()
            .filter(|count| (1..=1000).contains(count))
            .ok_or_else(|| format!("\"{text}\" is not a number of threads from 1 to 1000; {usage}"))?,
    };
    let text = std::fs::read_to_string(&path).map_err(|why| format!("{path}: cannot be read: {why}"))?;
    let words = count(&text, threads);
    let mut most: Vec<_> = words.iter().map(|(word, count)| (*count, word)).collect();
    most.sort_by(|a, b| b.cmp(a));
    let most: Vec<_> = most.iter().take(10).map(|(count, word)| format!("{count} {word}")).collect();
    let used = heap().usage().peak_bytes / SUPERSLAB_BYTES;
    Ok(format!(
        "{}\n{} words, {used} superslabs of 2 MiB, {} misuses",
        most.join("\n"),
        words.len(),
        heap().violations()
    ))
}

/// Counts words: each thread those of its lines, in a map of its own, which this thread empties.
fn count(text: &str, threads: usize) -> BTreeMap<String, u64> {
    let lines: Vec<&str> = text.lines().collect();
    let share = lines.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let counting: Vec<_> = lines.chunks(share).map(|lines| scope.spawn(|| count_lines(lines))).collect();
        let mut sum = BTreeMap::new();
        for words in counting.into_iter().map(|thread| thread.join().expect("no panic")) {
            words.into_iter().for_each(|(word, count)| *sum.entry(word).or_default() += count);
        }
        sum
    })
}

fn count_lines(lines: &[&str]) -> BTreeMap<String, u64> {
    let mut words = BTreeMap::new();
    for word in lines.iter().flat_map(|line| line.split(|letter: char| !letter.is_alphanumeric())) {
        if !word.is_empty() {
            *words.entry(word.to_lowercase()).or_default() += 1;
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::sync::{Barrier, MutexGuard};

    use super::*;

    /// The tests take the heap in turn: one of them uses all of its workers, and all of its memory.
    fn alone() -> MutexGuard<'static, ()> {
        static TURN: Mutex<()> = Mutex::new(());
        TURN.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn text(lines: usize) -> String {
        let line = |line: usize| {
            (0..12).map(|place| format!("Word{} ", (line * 7 + place) % 997)).collect::<String>()
        };
        (0..lines).map(|number| line(number) + "\n").collect()
    }

    #[test]
    fn a_program_with_threads_runs_on_it() {
        let _turn = alone();
        heap();
        let text = text(5000);
        let words = count(&text, 8);
        assert_eq!(words.values().sum::<u64>(), 5000 * 12);
        assert_eq!(words, count(&text, 1));
        assert!(words.keys().any(|word| owner(word.as_ptr().cast_mut()).is_some()), "words lie in the arena");
        assert_eq!(heap().violations(), 0, "{:?}", heap().first_violation());
    }

    #[test]
    fn more_threads_than_workers_and_more_bytes_than_the_arena_fall_back_to_the_system() {
        let _turn = alone();
        heap();
        let threads = 2 * WORKERS as usize;
        let together = Barrier::new(threads);
        let strings = std::thread::scope(|scope| {
            let made = |number: usize| {
                let text = number.to_string().repeat(100);
                together.wait();
                text
            };
            let threads: Vec<_> = (0..threads).map(|number| scope.spawn(move || made(number))).collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).collect::<Vec<_>>()
        });
        for (number, string) in strings.iter().enumerate() {
            assert_eq!(*string, number.to_string().repeat(100));
        }
        assert!(strings.iter().any(|string| owner(string.as_ptr().cast_mut()).is_none()));
        let mut large = vec![1u8; 1000];
        assert!(owner(large.as_mut_ptr()).is_some());
        large.resize(2 * ARENA_BYTES, 2);
        assert!(owner(large.as_mut_ptr()).is_none() && large[999] == 1 && large[1000] == 2);
        drop(strings);
        assert_eq!(heap().violations(), 0, "{:?}", heap().first_violation());
    }

    #[test]
    fn values_that_outlive_the_threads_cache_come_home() {
        let _turn = alone();
        heap();
        thread_local! {
            static FIRST: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
        }
        /// Allocates and frees while its thread ends.
        struct Late;
        impl Drop for Late {
            fn drop(&mut self) {
                let late: Vec<String> = (0..100).map(|number| number.to_string()).collect();
                assert_eq!(late.concat().len(), 190);
            }
        }
        thread_local! {
            static SECOND: Late = const { Late };
        }
        for generation in 0..200 {
            std::thread::spawn(move || {
                // Destructors run in an order that the program does not choose: both orders are tried.
                if generation % 2 == 0 {
                    SECOND.with(|_| ());
                }
                FIRST.with_borrow_mut(|first| first.extend((0..50).map(|number| number.to_string())));
                SECOND.with(|_| ());
            })
            .join()
            .expect("no panic");
        }
        assert_eq!(heap().violations(), 0, "{:?}", heap().first_violation());
    }
}
