//! Model checks of the lock-free parts, on the code that ships: every interleaving of two or three threads that the C11
//! memory model allows.
//!
//! `scripts/test-deep.sh loom` runs them without a bound on preemptions, in less than a minute.

use crate::slab::class::GRAIN_BYTES;
use crate::slab::sharded::mailbox::{Mailbox, Posted};
use crate::slab::sharded::orphans::{Orphans, Stacked};
use crate::slab::sharded::returned::{Returned, Returns};
use crate::slab::sync::{
    Arc, AtomicU32, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
    model, thread,
};

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

/// State of a heap shared by two workers: one slab with `live` objects, their mailboxes, and the orphanage with its own.
/// Fields that only one worker at a time may touch are modelled as non-atomic as they can be: stored and loaded `Relaxed`, so
/// that a value that is read before it is published shows.
struct World {
    owner: AtomicU32,
    /// Objects that the owner has taken back: a word that only the owner reads and writes.
    freed: AtomicU32,
    orphans: Orphans,
    superslabs: [Link; 1],
    returned: [Returned; 1],
    mailboxes: [Mailbox; 3],
    /// The link of each object: the number of the next plus one; 0: the end.
    links: Vec<AtomicU32>,
    /// Value written by the object's last user, by object; the owner that drains must see it.
    written: Vec<AtomicU64>,
    /// Objects that came home, in the order of the lists.
    home: std::sync::Mutex<Vec<u32>>,
}

const MINE: u32 = 0;
const HEIR: u32 = 1;
const ORPHANAGE: u32 = 2;

impl World {
    fn new(live: u32) -> World {
        World {
            owner: AtomicU32::new(MINE),
            freed: AtomicU32::new(0),
            orphans: Orphans::new(),
            superslabs: [Link(AtomicU32::new(0))],
            returned: [Returned::new()],
            mailboxes: [(); 3].map(|()| Mailbox::new()),
            links: (0..live).map(|_| AtomicU32::new(0)).collect(),
            written: (0..live).map(|_| AtomicU64::new(0)).collect(),
            home: std::sync::Mutex::default(),
        }
    }

    fn inside(object: u32) -> usize {
        object as usize * GRAIN_BYTES
    }

    /// Same steps as `Core::give_chain`, for the objects of a chain in their order.
    fn give(&self, chain: &[u32]) {
        for object in chain {
            self.written[*object as usize].store(7, Relaxed);
        }
        for pair in chain.windows(2) {
            self.links[pair[0] as usize].store(pair[1] + 1, Relaxed);
        }
        let (head, tail) = (chain[0], chain[chain.len() - 1]);
        let returns = Returns {
            head: World::inside(head),
            tail: World::inside(tail),
            objects: u32::try_from(chain.len()).expect("few"),
        };
        let is_first = self.returned[0].add(returns, |next| {
            let next = next.map_or(0, |inside| (inside / GRAIN_BYTES) as u32 + 1);
            self.links[tail as usize].store(next, Relaxed);
        });
        if is_first {
            self.mailboxes[self.owner.load(Acquire) as usize].push(&self.returned, 0);
        }
    }

    /// Same steps as `Core::drain`, for the worker that owns mailbox `me`.
    fn drain(&self, mailbox: u32, me: u32) {
        let mut posts = self.mailboxes[mailbox as usize].take();
        while let Some(number) = posts.next(&self.returned) {
            let owner = self.owner.load(Acquire);
            if owner != me {
                self.mailboxes[owner as usize].push(&self.returned, number);
                continue;
            }
            let Some(Returns { head, tail, objects }) = self.returned[0].take() else { continue };
            self.freed.store(self.freed.load(Relaxed) + objects, Relaxed);
            let mut home = self.home.lock().expect("no panic");
            let mut at = (head / GRAIN_BYTES) as u32;
            for place in 1..=objects {
                // The owner may hand the object out again at once: its last user's writes must not come later.
                assert_eq!(self.written[at as usize].load(Relaxed), 7);
                home.push(at);
                let next = self.links[at as usize].load(Relaxed);
                if place == objects {
                    assert_eq!((World::inside(at), next), (tail, 0), "the list ends where it says");
                } else {
                    at = next - 1;
                }
            }
        }
    }

    /// Same steps as `Core::drop`, for the worker `me`, which owns the slab.
    fn leave(&self, me: u32) {
        self.owner.store(ORPHANAGE, Release);
        self.orphans.push(&self.superslabs, 0);
        self.drain(me, me);
    }

    /// Same steps as `Core::adopt`, for the worker `me`.
    fn adopt(&self, me: u32) {
        if self.orphans.pop(&self.superslabs).is_some() {
            self.owner.store(me, Release);
            self.drain(ORPHANAGE, me);
        }
    }

    fn came_home(&self) -> Vec<u32> {
        let mut home = self.home.lock().expect("no panic").clone();
        assert_eq!(
            self.freed.load(Relaxed) as usize,
            home.len(),
            "each owner continues the last one's count"
        );
        home.sort_unstable();
        home
    }
}

#[test]
fn loom_every_object_that_others_give_back_comes_home_once() {
    model(|| {
        let world = Arc::new(World::new(4));
        let others: Vec<_> = [vec![vec![0]], vec![vec![1, 2], vec![3]]]
            .into_iter()
            .map(|chains| {
                let world = world.clone();
                thread::spawn(move || chains.iter().for_each(|chain| world.give(chain)))
            })
            .collect();
        world.drain(MINE, MINE);
        others.into_iter().for_each(|other| other.join().expect("no panic"));
        world.drain(MINE, MINE);
        assert_eq!(world.came_home(), [0, 1, 2, 3]);
    });
}

#[test]
fn loom_a_post_taken_by_another_worker_reaches_the_owner() {
    model(|| {
        // A worker that runs out of memory sweeps the mailbox of a worker that it takes for gone. It takes a post and
        // passes it on, while the owner drains and while more objects come back.
        let world = Arc::new(World::new(2));
        let other = {
            let world = world.clone();
            thread::spawn(move || {
                world.give(&[0]);
                world.give(&[1]);
            })
        };
        let sweeper = {
            let world = world.clone();
            thread::spawn(move || world.drain(MINE, HEIR))
        };
        world.drain(MINE, MINE);
        [other, sweeper].into_iter().for_each(|worker| worker.join().expect("no panic"));
        world.drain(MINE, MINE);
        assert_eq!(world.came_home(), [0, 1]);
    });
}

#[test]
fn loom_a_post_to_a_worker_that_leaves_is_found_by_the_heir() {
    model(|| {
        let world = Arc::new(World::new(2));
        let giver = {
            let world = world.clone();
            thread::spawn(move || {
                world.give(&[0]);
                world.give(&[1]);
            })
        };
        let leaver = {
            let world = world.clone();
            thread::spawn(move || world.leave(MINE))
        };
        // The heir may come before, while, or after the worker leaves.
        world.adopt(HEIR);
        [giver, leaver].into_iter().for_each(|worker| worker.join().expect("no panic"));
        // After the last chain one adoption and one sweep find every post, in any mailbox.
        world.adopt(HEIR);
        (MINE..=ORPHANAGE).for_each(|mailbox| world.drain(mailbox, HEIR));
        assert_eq!(world.came_home(), [0, 1]);
    });
}
