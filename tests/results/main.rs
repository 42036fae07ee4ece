//! The run directory end to end: what ranks write, what rank 0 makes of it, and what `verify` and `recover` prove.

mod advice;
mod again;
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
mod proof;
mod samples;
mod schema;
mod stragglers;
mod sweep;
mod table;
