//! Every form of misuse: what each level finds, and when.

use std::ptr::NonNull;

use numamark::slab::{Allocate, Level, Misuse, SHARED_BYTES_MAX, SUPERSLAB_BYTES};

use crate::case::{BYTES, CLASS_BYTES, Case, When, heap, layout};

/// A cell of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    Certain(Misuse, When),
    /// It depends on the neighbour.
    Probable(When),
    /// The process is ended at the write.
    EndsAtWrite,
    NotDetected,
}

impl Cell {
    /// The cell as docs/allocator.md writes it.
    pub fn text(self) -> String {
        let when = |when| match when {
            When::Free => "at free",
            When::HandedOut => "when handed out again",
            When::Released => "when the slab is released",
        };
        match self {
            Cell::Certain(_, at) => format!("certain: {}", when(at)),
            Cell::Probable(at) => format!("probable: {}", when(at)),
            Cell::EndsAtWrite => "certain: at the write, SIGSEGV".to_owned(),
            Cell::NotDetected => "not detected".to_owned(),
        }
    }
}

const NO: Cell = Cell::NotDetected;
const TWICE: Cell = Cell::Certain(Misuse::DoubleFree, When::Free);
const FOREIGN: Cell = Cell::Certain(Misuse::Foreign, When::Free);
const INTERIOR: Cell = Cell::Certain(Misuse::Interior, When::Free);
const NOT_ALLOCATED: Cell = Cell::Certain(Misuse::NotAllocated, When::Free);
const WRONG_LAYOUT: Cell = Cell::Certain(Misuse::WrongLayout, When::Free);
const OVERFLOW: Cell = Cell::Certain(Misuse::Overflow, When::Free);
const LATER: Cell = Cell::Certain(Misuse::Damaged, When::HandedOut);
const RELEASED: Cell = Cell::Certain(Misuse::Damaged, When::Released);

/// The table: form of misuse; what `off`, `cheap`, `strict` and `full` find.
pub const MISUSES: &[(&str, [Cell; 4])] = &[
    ("double free: twice in a row", [NO, TWICE, TWICE, TWICE]),
    ("double free: others freed in between", [NO, LATER, TWICE, TWICE]),
    ("double free: the same, and its slab has no live object", [RELEASED, RELEASED, TWICE, TWICE]),
    ("double free: after it was handed out again", [NO, NO, NO, NO]),
    ("double free: the owner first, then another worker", [NO, TWICE, TWICE, TWICE]),
    ("double free: another worker first, then the owner", [NO, LATER, TWICE, TWICE]),
    ("double free: after its slab was released", [NOT_ALLOCATED; 4]),
    ("invalid free: of the stack", [FOREIGN; 4]),
    ("invalid free: of a static", [FOREIGN; 4]),
    ("invalid free: another allocator's", [FOREIGN; 4]),
    ("invalid free: another heap's", [FOREIGN; 4]),
    ("invalid free: inside an object, not aligned to 16", [INTERIOR; 4]),
    ("invalid free: inside an object, aligned to 16", [NO, NO, NO, INTERIOR]),
    ("invalid free: inside an object above 4 KiB", [INTERIOR; 4]),
    ("invalid free: in a free superslab", [NOT_ALLOCATED; 4]),
    ("invalid free: beyond what was carved", [NO, NO, NO, NOT_ALLOCATED]),
    ("invalid free: inside an object above 1 MiB", [INTERIOR; 4]),
    ("wrong size: an object above 1 MiB, other superslabs", [WRONG_LAYOUT; 4]),
    ("wrong size: of another class", [NO, NO, NO, WRONG_LAYOUT]),
    ("wrong size: of another page, 64 KiB or more", [NO, NO, NO, WRONG_LAYOUT]),
    ("overflow: into the slack of its class", [NO, NO, NO, OVERFLOW]),
    ("overflow: into a free neighbour", [NO, LATER, LATER, OVERFLOW]),
    ("overflow: into a live neighbour", [NO, NO, NO, OVERFLOW]),
    ("overflow: the same, of an object without slack", [NO, NO, NO, NO]),
    ("overflow: behind the last page of an object of 64 KiB or more", [NO, NO, NO, Cell::EndsAtWrite]),
    ("overflow: behind the last page of an object above 1 MiB", [NO, NO, NO, Cell::EndsAtWrite]),
    ("underflow: into a free neighbour", [NO, NO, NO, LATER]),
    ("underflow: into a live neighbour", [NO, NO, NO, Cell::Probable(When::Free)]),
    ("use after free: a write to the first word", [NO, LATER, LATER, LATER]),
    ("use after free: the same, and its slab has no live object", [RELEASED; 4]),
    ("use after free: a write elsewhere", [NO, NO, NO, LATER]),
    ("free from a foreign heap: a cache of another heap", [FOREIGN; 4]),
];

/// Does the misuse of this name.
pub fn perform<L: Level>(name: &str, case: &mut Case<'_, L>) {
    let (form, what) = name.split_once(": ").expect("a form and what it is");
    match form {
        "double free" => free_twice(what, case),
        "invalid free" => free_what_is_no_object(what, case),
        "wrong size" => free_with_a_wrong_size(what, case),
        "overflow" | "underflow" => write_outside(name, case),
        "use after free" => write_after_free(what, case),
        "free from a foreign heap" => free_in_another_heap(case),
        _ => panic!("{name} has no code"),
    }
}

fn free_twice<L: Level>(what: &str, case: &mut Case<'_, L>) {
    if what.contains("slab") {
        return free_twice_and_release(what, case);
    }
    let [a, twice, b] = case.neighbours(BYTES);
    let (first, second) = match what {
        "the owner first, then another worker" => (0, 1),
        "another worker first, then the owner" => (1, 0),
        _ => (0, 0),
    };
    case.free(first, a, BYTES);
    case.free(first, twice, BYTES);
    match what {
        "others freed in between" => case.free(first, b, BYTES),
        "after it was handed out again" => {
            while case.caches[0].allocate(layout(BYTES)).expect("room") != twice {}
        }
        _ => {}
    }
    case.free(second, twice, BYTES);
    case.hand_out(BYTES);
}

/// Objects of a size that no bystander has, so that their slab has none but them.
fn free_twice_and_release<L: Level>(what: &str, case: &mut Case<'_, L>) {
    let objects = [(); 3].map(|()| case.allocate(200));
    objects.iter().for_each(|object| case.free(0, *object, 200));
    if what == "after its slab was released" {
        case.release();
    }
    case.free(0, objects[0], 200);
    case.release();
}

fn free_what_is_no_object<L: Level>(what: &str, case: &mut Case<'_, L>) {
    static STATIC: u64 = 7;
    let on_the_stack = 7u64;
    let boxed = Box::new(7u64);
    let other = heap(case.heap.options().hardening);
    let mut others = other.hardened_cache::<L>(0).expect("once");
    let object = |case: &mut Case<'_, L>, bytes, distance| {
        let object = case.allocate(bytes);
        (NonNull::new(object.as_ptr().wrapping_add(distance)).expect("not null"), bytes)
    };
    let last = |case: &mut Case<'_, L>| case.heap.arena().base().as_ptr().wrapping_add(2 * SUPERSLAB_BYTES);
    let (pointer, bytes) = match what {
        "of the stack" => (NonNull::from(&on_the_stack).cast(), 8),
        "of a static" => (NonNull::from(&STATIC).cast(), 8),
        "another allocator's" => (NonNull::from(&*boxed).cast(), 8),
        "another heap's" => (others.allocate(layout(BYTES)).expect("room"), BYTES),
        "inside an object, not aligned to 16" => object(case, BYTES, 8),
        "inside an object, aligned to 16" => object(case, BYTES, 16),
        "inside an object above 4 KiB" => object(case, 5000, 16),
        "in a free superslab" => (NonNull::new(last(case)).expect("not null"), BYTES),
        // A batch is 64 objects.
        "beyond what was carved" => object(case, BYTES, 200 * CLASS_BYTES),
        "inside an object above 1 MiB" => object(case, SHARED_BYTES_MAX + 1, 16),
        _ => panic!("{what} has no code"),
    };
    case.free(0, pointer, bytes);
}

fn free_with_a_wrong_size<L: Level>(what: &str, case: &mut Case<'_, L>) {
    let (right, wrong) = match what {
        "of another class" => (BYTES, 300),
        // At the level `full` both sizes have one class.
        "of another page, 64 KiB or more" => (64 << 10, 70_000),
        _ => (SHARED_BYTES_MAX + 1, SUPERSLAB_BYTES + 1),
    };
    let object = case.allocate(right);
    case.free(0, object, wrong);
}

/// Writes an object from its first byte on, and one byte behind its last page.
fn write_behind_the_last_page<L: Level>(bytes: usize, case: &mut Case<'_, L>) {
    let object = case.allocate(bytes);
    case.write(object, 0, bytes.next_multiple_of(4096) + 1);
    case.free(0, object, bytes);
}

fn write_outside<L: Level>(name: &str, case: &mut Case<'_, L>) {
    match name.strip_prefix("overflow: behind the last page of an object ") {
        Some("of 64 KiB or more") => return write_behind_the_last_page(64 << 10, case),
        Some("above 1 MiB") => return write_behind_the_last_page(SHARED_BYTES_MAX + 1, case),
        _ => {}
    }
    let bytes = if name.ends_with("without slack") { CLASS_BYTES } else { BYTES };
    let [before, object, after] = case.neighbours(bytes);
    let neighbour = if name.starts_with("underflow") { before } else { after };
    let into_free = name.ends_with("free neighbour");
    if into_free {
        case.free(0, neighbour, bytes);
    }
    match name.split_once(": ").expect("a form and what it is") {
        ("underflow", _) => case.write(object, -8, 8),
        (_, "into the slack of its class") => case.write(object, 0, CLASS_BYTES),
        _ => case.write(object, 0, CLASS_BYTES + 8),
    }
    case.free(0, object, bytes);
    if !into_free {
        case.free(0, neighbour, bytes);
    }
    case.hand_out(bytes);
}

fn write_after_free<L: Level>(what: &str, case: &mut Case<'_, L>) {
    let elsewhere = what == "a write elsewhere";
    let bytes = if what.contains("slab") { 200 } else { BYTES };
    let objects = [(); 3].map(|()| case.allocate(bytes));
    objects.iter().for_each(|object| case.free(0, *object, bytes));
    case.write(objects[1], if elsewhere { 16 } else { 0 }, 8);
    if what.contains("slab") {
        case.release();
    }
    case.hand_out(bytes);
}

/// Without `unsafe`: an object as a value, given back to a cache of another heap.
fn free_in_another_heap<L: Level>(case: &mut Case<'_, L>) {
    let other = heap(case.heap.options().hardening);
    let mut others = other.hardened_cache::<L>(0).expect("once");
    let object = case.caches[0].take(layout(BYTES)).expect("room");
    assert_eq!(others.give_back(object), Err(Misuse::Foreign));
    assert_eq!(case.heap.violations(), 0);
    case.found = other.first_violation().map(|first| (first.misuse, When::Free));
}
