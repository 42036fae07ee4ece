//! `numamark man`: the man pages, for packages.

use std::path::Path;

use clap::CommandFactory;
use clap_mangen::Man;

use super::arguments::{Arguments, ManArguments};
use super::print;
use crate::error::{Error, ExitCode, Result};

/// Writes a page for the program and one for each subcommand.
pub fn man(arguments: &ManArguments) -> Result<ExitCode> {
    let folder = &arguments.directory;
    write(folder).map_err(|why| {
        Error::Environment(format!("cannot write the man pages to {}: {why}", folder.display()))
    })?;
    print(&format!("man pages: {0}; to read the first: man {0}/numamark.1\n", folder.display()));
    Ok(ExitCode::Done)
}

fn write(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut program = Arguments::command().disable_help_subcommand(true);
    program.build();
    let version = concat!("numamark ", env!("CARGO_PKG_VERSION"));
    let subcommands = program.get_subcommands().filter(|subcommand| !subcommand.is_hide_set());
    for command in std::iter::once(&program).chain(subcommands) {
        Man::new(command.clone()).source(version).generate_to(folder)?;
    }
    Ok(())
}
