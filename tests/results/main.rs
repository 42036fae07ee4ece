//! The run directory end to end: the parts of the ranks, the results of rank 0, and the proofs of `verify` and
//! `recover`.
#![cfg(feature = "cli")]

mod advice;
mod again;
mod allocators;
mod compare;
mod directory;
mod disturbances;
mod ending;
mod figures;
mod fixture;
mod formats;
mod gates;
mod heat;
mod histograms;
mod known_speed;
mod limits;
mod made_up;
mod open_loop;
mod partial;
mod proof;
mod samples;
mod schema;
mod screens;
mod stragglers;
mod sweep;
mod table;
mod trust;
