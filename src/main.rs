//! The `numamark` program; the library holds all its functions.

fn main() {
    std::process::exit(numamark::cli::main().number())
}
