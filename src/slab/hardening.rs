//! The levels of hardening: how much misuse is found, and when.

use crate::word::words;

words! {
    /// `[slab] hardening`: the checks against misuse of objects.
    Hardening {
        /// Only pointers outside the heap and free memory are refused.
        Off = "off",
        /// Damaged lists and an object freed twice in a row are found too; an object freed twice with others in between
        /// is found before it is handed out again.
        Cheap = "cheap",
        /// Every second free is found when it happens.
        Strict = "strict",
        /// Also pointers into objects, wrong sizes, writes behind an object, and writes to free objects.
        Full = "full",
    }
}

/// A level of hardening as a type, so that a cache's fast paths have the checks of its level and no others.
pub trait Level: Send + 'static {
    /// The word of the level.
    const HARDENING: Hardening;
    /// Links are encoded, and checked before they are followed.
    const CHECKS_LINKS: bool = true;
    /// The first word of an object is looked at when the object is freed.
    const CHECKS_WORDS: bool = false;
    /// The whole object is looked at when it is freed and when it is handed out.
    const CHECKS_OBJECTS: bool = false;
}

/// [`Hardening::Off`].
#[derive(Debug)]
pub struct Off;

/// [`Hardening::Cheap`].
#[derive(Debug)]
pub struct Cheap;

/// [`Hardening::Strict`].
#[derive(Debug)]
pub struct Strict;

/// [`Hardening::Full`].
#[derive(Debug)]
pub struct Full;

impl Level for Off {
    const HARDENING: Hardening = Hardening::Off;
    const CHECKS_LINKS: bool = false;
}

impl Level for Cheap {
    const HARDENING: Hardening = Hardening::Cheap;
}

impl Level for Strict {
    const HARDENING: Hardening = Hardening::Strict;
    const CHECKS_WORDS: bool = true;
}

impl Level for Full {
    const HARDENING: Hardening = Hardening::Full;
    const CHECKS_WORDS: bool = true;
    const CHECKS_OBJECTS: bool = true;
}
