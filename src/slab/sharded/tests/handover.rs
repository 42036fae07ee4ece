//! Objects and superslabs that change hands between threads.

use std::alloc::Layout;
use std::sync::mpsc;

use super::tenant::{Tenancy, any_layout};
use super::{heap, rounds, superslabs};
use crate::mix::Random;
use crate::slab::{Allocate, Object, SUPERSLAB_BYTES};

#[test]
fn objects_given_back_on_other_threads_come_home() {
    let workers = 3u32;
    for seed in 0..rounds(6, 1) {
        println!("seed {seed}");
        let superslabs = superslabs(32, 4);
        let heap = heap(superslabs, workers);
        let (senders, receivers): (Vec<_>, Vec<_>) =
            (0..workers).map(|_| mpsc::channel::<Tenancy<'_>>()).unzip();
        std::thread::scope(|scope| {
            for (worker, receiver) in (0..workers).zip(receivers) {
                let (heap, senders) = (&heap, senders.clone());
                scope.spawn(move || {
                    let mut cache = heap.cache(worker).expect("once");
                    let mut random = Random::new(seed * 100 + u64::from(worker));
                    for tag in 0..rounds(30_000, 60) {
                        let layout = any_layout(&mut random, 20_000);
                        if let Ok(tenancy) = Tenancy::begin(&mut cache, layout, tag) {
                            let to = random.below(workers) as usize;
                            senders[to].send(tenancy).expect("nobody leaves before the senders do");
                        }
                        for tenancy in receiver.try_iter().take(4) {
                            tenancy.end(&mut cache).expect("a live object");
                        }
                    }
                    drop(senders);
                    for tenancy in receiver {
                        tenancy.end(&mut cache).expect("a live object");
                    }
                });
            }
            drop(senders);
        });
        // The workers have left; another worker takes over their superslabs.
        let mut heir = heap.cache(0).expect("its last cache is gone");
        assert!(heir.take(Layout::from_size_align(superslabs * SUPERSLAB_BYTES, 8).expect("valid")).is_ok());
        assert_eq!(heap.violations(), 0, "{:?}", heap.first_violation());
    }
}

#[test]
fn slabs_of_a_worker_that_left_are_adopted_and_their_objects_stay_live() {
    let heap = heap(6, 3);
    let layouts = [16, 500, 4096, 70_000].map(|bytes| Layout::from_size_align(bytes, 8).expect("valid"));
    let mut living = Vec::new();
    for generation in 0..rounds(40, 6) {
        let mut cache = heap.cache((generation % 3) as u32).expect("the last one is gone");
        // Each generation frees half of the objects it finds, in slabs without an owner, and adds its own.
        let mut random = Random::new(generation);
        random.shuffle(&mut living);
        living.drain(..living.len() / 2).for_each(|tenancy: Tenancy<'_>| {
            tenancy.end(&mut cache).expect("a live object");
        });
        for (tag, layout) in layouts.iter().cycle().take(40).enumerate() {
            let tenancy = Tenancy::begin(&mut cache, *layout, generation * 1000 + tag as u64);
            living.push(tenancy.expect("orphans are adopted before the arena grows"));
        }
    }
    let mut last = heap.cache(0).expect("the last one is gone");
    living.into_iter().for_each(|tenancy| tenancy.end(&mut last).expect("a live object"));
    last.core.reclaim();
    assert_eq!(heap.usage().pooled_bytes, heap.arena().bytes());
    assert_eq!(heap.violations(), 0);
}

#[test]
fn workers_that_come_and_go_lose_nothing() {
    let workers = 3u32;
    let heap = heap(superslabs(16, 4), workers);
    let (sender, receiver) = mpsc::sync_channel::<Tenancy<'_>>(64);
    std::thread::scope(|scope| {
        for worker in 1..workers {
            let (heap, sender) = (&heap, sender.clone());
            scope.spawn(move || {
                for life in 0..rounds(60, 3) {
                    // Each cache ends while others hold objects of its slabs and give them back.
                    let mut cache = heap.cache(worker).expect("its last life is over");
                    for tag in 0..rounds(300, 20) {
                        let mut random = Random::new(life << 20 | tag);
                        if let Ok(tenancy) = Tenancy::begin(&mut cache, any_layout(&mut random, 5000), tag) {
                            sender.send(tenancy).expect("the receiver outlives the senders");
                        }
                    }
                }
            });
        }
        drop(sender);
        let mut cache = heap.cache(0).expect("once");
        for tenancy in receiver {
            tenancy.end(&mut cache).expect("a live object");
        }
    });
    let mut heir = heap.cache(0).expect("gone");
    heir.core.reclaim();
    assert_eq!(heap.usage().pooled_bytes, heap.arena().bytes());
    assert_eq!(heap.violations(), 0);
}

#[test]
fn a_cache_moves_between_threads_and_exists_once() {
    let heap = heap(2, 2);
    let layout = Layout::from_size_align(64, 8).expect("valid");
    let mut cache = heap.cache(0).expect("once");
    assert!(heap.cache(0).is_err() && heap.cache(2).is_err());
    let object = cache.take(layout).expect("room");
    std::thread::scope(|scope| {
        scope.spawn(move || cache.give_back(object).expect("a live object"));
    });
    let mut again = heap.cache(0).expect("the thread has ended");
    let object: Object<'_> = again.take(layout).expect("room");
    again.give_back(object).expect("a live object");
}

#[test]
fn populating_leaves_live_objects_alone() {
    let heap = heap(4, 2);
    let mut cache = heap.cache(0).expect("once");
    let layout = Layout::from_size_align(100, 8).expect("valid");
    let small = Tenancy::begin(&mut cache, layout, 1).expect("room");
    let block =
        Tenancy::begin(&mut cache, Layout::from_size_align(3 << 20, 8).expect("valid"), 2).expect("room");
    for worker in 0..3 {
        heap.populate(worker, 3).expect("memory");
    }
    small.end(&mut cache).expect("a live object");
    block.end(&mut cache).expect("a live object");
}
