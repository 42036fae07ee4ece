//! The laws of the house, checked on the source itself: floors, rooms of foreign crates, places of `unsafe`,
//! lengths, names. Each law prints every line that breaks it.

mod circles;
mod english;
mod laws;
mod shapes;
mod source;
mod tables;
mod tree;

#[cfg(test)]
mod scanning;

use laws::Breach;
use tree::Tree;

/// Fails with all breaches of a law and what to do about them.
fn hold(law: &str, breaches: Vec<Breach>) {
    let lines: Vec<String> = breaches.iter().map(Breach::to_string).collect();
    assert!(lines.is_empty(), "{law}\n  {}\n", lines.join("\n  "));
}

#[test]
fn every_module_stands_in_the_floor_table_of_lib_rs() {
    hold(
        "Give the module a floor in the table at the top of src/lib.rs:",
        laws::unknown_modules(&Tree::read()),
    );
}

#[test]
fn a_file_uses_lower_floors_or_its_own_directory() {
    hold(
        "Move the code down, or pass plain data up (table in src/lib.rs):",
        laws::upward_uses(&Tree::read()),
    );
}

#[test]
fn each_foreign_crate_is_named_in_one_module() {
    hold(
        "Name the crate in its room only (tests/floors/tables.rs), and wrap it:",
        laws::strays(&Tree::read()),
    );
}

#[test]
fn every_dependency_has_a_room_and_says_what_it_is_used_for() {
    hold("In Cargo.toml or tests/floors/tables.rs:", laws::unexplained_dependencies(&Tree::read()));
}

#[test]
fn unsafe_stands_only_where_it_is_listed() {
    hold(
        "Use a safe wrapper, or argue for a new place (tests/floors/tables.rs):",
        laws::unsafe_places(&Tree::read()),
    );
}

#[test]
fn only_the_command_line_prints_or_ends_the_process() {
    hold("Return an Error, or what is to be printed, to the command line:", laws::voices(&Tree::read()));
}

#[test]
fn files_have_one_purpose_and_names_that_say_it() {
    hold("Split the file, or name it after what it does:", laws::lengths_and_names(&Tree::read()));
}

#[test]
fn nothing_is_unfinished_or_ignored() {
    hold("Finish it, or leave it out:", laws::unfinished(&Tree::read()));
}

#[test]
fn nothing_names_one_machine() {
    hold("Use a relative path, or an option:", laws::one_machine(&Tree::read()));
}

#[test]
fn no_files_of_a_room_use_each_other_in_a_circle() {
    hold("Move what both need into a file below them:", circles::circles(&Tree::read()));
}

#[test]
fn a_function_fits_a_screen() {
    hold("Split the function:", shapes::long_functions(&Tree::read()));
}

#[test]
fn a_type_name_belongs_to_one_room() {
    hold(
        "Name it after what it is in its room, or say in NAMES_OF_SEVERAL_ROOMS (tests/floors/tables.rs) why each \
         room needs the name:",
        shapes::names_of_several_rooms(&Tree::read(), tables::NAMES_OF_SEVERAL_ROOMS),
    );
}

#[test]
fn no_bare_conversion_between_integers_where_numbers_are_results() {
    hold("Use From, try_from, or a conversion of src/units.rs:", shapes::integer_casts(&Tree::read()));
}

#[test]
fn comments_name_their_subject() {
    hold("Write a noun phrase, or a verb in the third person:", english::riddles(&Tree::read()));
}
