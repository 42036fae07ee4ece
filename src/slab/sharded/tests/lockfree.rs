//! Model checks of the lock-free parts, on the code that ships: every interleaving of two or three threads that the C11
//! memory model allows.
//!
//! `LOOM_MAX_PREEMPTIONS=3 RUSTFLAGS="--cfg loom" cargo test --release --no-default-features --lib loom` takes a second;
//! without the bound it takes two minutes.

use crate::slab::class::Class;
use crate::slab::sharded::mailbox::{Mailbox, Posted};
use crate::slab::sharded::orphans::{Orphans, Stacked};
use crate::slab::sharded::slab_record::{Objects, Owner, Record, Slab};
use crate::slab::sharded::slab_returned::Returned;
use crate::slab::sync::{Arc, AtomicU32, AtomicU64, Ordering::Relaxed, model, thread};

struct Links {
    links: Vec<Link>,
    payload: Vec<AtomicU64>,
}

struct Link(AtomicU32);

impl Posted for Link {
    fn link(&self) -> &AtomicU32 {
        &self.0
    }
}

impl Stacked for Link {
    fn below(&self) -> &AtomicU32 {
        &self.0
    }
}

impl Links {
    fn new(count: usize) -> Links {
        let links = (0..count).map(|_| Link(AtomicU32::new(0))).collect();
        Links { links, payload: (0..count).map(|_| AtomicU64::new(0)).collect() }
    }
}

#[test]
fn loom_a_mailbox_loses_nothing_and_publishes_what_came_before() {
    model(|| {
        let shared = Arc::new((Mailbox::new(), Links::new(2)));
        let pushers: Vec<_> = (0..2u32)
            .map(|number| {
                let shared = shared.clone();
                thread::spawn(move || {
                    // Relaxed: published by the push, or the model finds the 0.
                    shared.1.payload[number as usize].store(7, Relaxed);
                    shared.0.push(&shared.1.links, number);
                })
            })
            .collect();
        let mut found = Vec::new();
        let mut take = || {
            let mut chain = shared.0.take();
            while let Some(number) = chain.next(&shared.1.links) {
                assert_eq!(shared.1.payload[number as usize].load(Relaxed), 7);
                found.push(number);
            }
        };
        take();
        pushers.into_iter().for_each(|pusher| pusher.join().expect("no panic"));
        take();
        found.sort_unstable();
        assert_eq!(found, [0, 1]);
    });
}

#[test]
fn loom_an_heir_sees_what_the_worker_that_left_had_written() {
    model(|| {
        let shared = Arc::new((Orphans::new(), Links::new(2)));
        let leavers: Vec<_> = (0..2u32)
            .map(|number| {
                let shared = shared.clone();
                thread::spawn(move || {
                    // An owner-only field: Relaxed, published by the push, or the model finds the 0.
                    shared.1.payload[number as usize].store(7, Relaxed);
                    shared.0.push(&shared.1.links, number);
                })
            })
            .collect();
        while let Some(number) = shared.0.pop(&shared.1.links) {
            assert_eq!(shared.1.payload[number as usize].load(Relaxed), 7);
        }
        leavers.into_iter().for_each(|leaver| leaver.join().expect("no panic"));
    });
}

#[test]
fn loom_orphans_are_adopted_once_even_when_they_come_back() {
    model(|| {
        let shared = Arc::new((Orphans::new(), Links::new(2)));
        shared.0.push(&shared.1.links, 0);
        shared.0.push(&shared.1.links, 1);
        // One worker takes both and gives the first up again: the other may be about to exchange a head it read
        // before.
        let other = {
            let shared = shared.clone();
            thread::spawn(move || {
                let (a, b) = (shared.0.pop(&shared.1.links), shared.0.pop(&shared.1.links));
                if let Some(a) = a {
                    shared.0.push(&shared.1.links, a);
                }
                b
            })
        };
        let mine = shared.0.pop(&shared.1.links);
        let theirs = other.join().expect("no panic");
        let mut found: Vec<u32> = mine.into_iter().chain(theirs).collect();
        while let Some(number) = shared.0.pop(&shared.1.links) {
            found.push(number);
        }
        found.sort_unstable();
        assert_eq!(found, [0, 1], "each superslab is owned once");
    });
}

/// State of a heap shared by two workers: one slab of 8-byte objects, `live` of them handed out, and two mailboxes.
struct World {
    record: Record,
    objects: Objects,
    mailboxes: [Mailbox; 2],
    /// Value written by the object's last user, by object; the owner that drains must see it.
    written: Vec<AtomicU64>,
    drained: AtomicU32,
    bad: AtomicU32,
}

const MINE: u32 = 0;
const ORPHANAGE: u32 = 1;

impl World {
    fn new(live: u32) -> World {
        let world = World {
            record: Record::new(),
            objects: Objects::new(),
            mailboxes: [Mailbox::new(), Mailbox::new()],
            written: (0..live).map(|_| AtomicU64::new(0)).collect(),
            drained: AtomicU32::new(0),
            bad: AtomicU32::new(0),
        };
        let (slab, class) = (world.slab(), World::class());
        slab.initialise(Owner::of_mailbox(MINE), class);
        slab.carve(class, live);
        let head = slab.take_up(class);
        let (mut next, count) = slab.begin_batch(head, live);
        assert_eq!(count, live);
        for _ in 0..count {
            let link = slab.links().at(slab.entry_of(next));
            let start = std::mem::replace(&mut next, link.load(Relaxed));
            link.store(start, Relaxed);
        }
        world
    }

    fn class() -> Class {
        Class::numbered(0)
    }

    fn slab(&self) -> Slab<'_> {
        Slab { record: &self.record, objects: &self.objects }
    }

    /// Same steps as `Cache::deallocate_unusual` for a foreign object.
    fn give_back(&self, object: u32) -> Returned {
        let returned = self.slab().free_remotely(World::class().start_of(object));
        if let Returned::First(owner) = returned {
            let mailbox = owner.expect("the slab has an owner throughout");
            self.mailboxes[mailbox as usize].push(std::slice::from_ref(&self.record), 0);
        }
        returned
    }

    /// Same steps as `Cache::drain`, for the worker that owns mailbox `me`.
    fn drain(&self, mailbox: u32, me: u32) {
        let records = std::slice::from_ref(&self.record);
        let mut chain = self.mailboxes[mailbox as usize].take();
        while let Some(number) = chain.next(records) {
            let owner = self.slab().current_owner().mailbox().expect("owned throughout");
            if owner != me {
                self.mailboxes[owner as usize].push(records, number);
                continue;
            }
            let (good, bad) = self.slab().drain();
            // Owner-only counters: Relaxed, published by joining.
            self.drained.store(self.drained.load(Relaxed) + good, Relaxed);
            self.bad.store(self.bad.load(Relaxed) + bad, Relaxed);
        }
    }
}

#[test]
fn loom_every_object_that_others_give_back_comes_home_once() {
    model(|| {
        let world = Arc::new(World::new(3));
        let others: Vec<_> = [vec![0], vec![1, 2]]
            .into_iter()
            .map(|objects| {
                let world = world.clone();
                thread::spawn(move || {
                    for object in objects {
                        world.written[object as usize].store(7, Relaxed);
                        assert_ne!(world.give_back(object), Returned::Again);
                    }
                })
            })
            .collect();
        world.drain(MINE, MINE);
        for object in 0..3 {
            let came_home = !world.slab().is_handed_out(World::class().start_of(object));
            // The owner may hand the object out again at once: its last user's writes must not come later.
            assert!(!came_home || world.written[object as usize].load(Relaxed) == 7);
        }
        others.into_iter().for_each(|other| other.join().expect("no panic"));
        world.drain(MINE, MINE);
        assert_eq!((world.drained.load(Relaxed), world.bad.load(Relaxed)), (3, 0));
    });
}

#[test]
fn loom_an_object_given_back_twice_at_once_is_freed_once_and_counted() {
    model(|| {
        let world = Arc::new(World::new(1));
        let other = {
            let world = world.clone();
            thread::spawn(move || world.give_back(0))
        };
        let mine = world.give_back(0);
        let theirs = other.join().expect("no panic");
        world.drain(MINE, MINE);
        let seen = [mine, theirs].iter().filter(|returned| **returned == Returned::Again).count() as u32;
        assert_eq!((world.drained.load(Relaxed), seen + world.bad.load(Relaxed)), (1, 1));
    });
}

#[test]
fn loom_a_double_free_that_races_with_the_drain_is_freed_once_and_counted() {
    model(|| {
        let world = Arc::new(World::new(1));
        let other = {
            let world = world.clone();
            thread::spawn(move || [world.give_back(0), world.give_back(0)])
        };
        world.drain(MINE, MINE);
        let returned = other.join().expect("no panic");
        world.drain(MINE, MINE);
        world.drain(MINE, MINE);
        let seen = returned.iter().filter(|returned| **returned == Returned::Again).count() as u32;
        assert_eq!((world.drained.load(Relaxed), seen + world.bad.load(Relaxed)), (1, 1));
    });
}

#[test]
fn loom_a_post_to_a_worker_that_leaves_is_found_by_the_heir() {
    model(|| {
        // The worker leaves: its slab becomes an orphan, then the worker passes on the posts in its mailbox. Meanwhile
        // another worker gives objects back. The heir adopts the slab and sweeps both mailboxes.
        let world = Arc::new(World::new(2));
        let other = {
            let world = world.clone();
            thread::spawn(move || {
                assert_ne!(world.give_back(0), Returned::Again);
                assert_ne!(world.give_back(1), Returned::Again);
            })
        };
        world.slab().set_owner(Owner::of_mailbox(ORPHANAGE), World::class());
        world.drain(MINE, MINE);
        let heir = ORPHANAGE;
        world.drain(ORPHANAGE, heir);
        other.join().expect("no panic");
        // One sweep after the last free finds every post, in either mailbox.
        world.drain(MINE, heir);
        world.drain(ORPHANAGE, heir);
        assert_eq!((world.drained.load(Relaxed), world.bad.load(Relaxed)), (2, 0));
    });
}
