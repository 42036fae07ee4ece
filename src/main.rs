//! The `numamark` program: everything it does can be called from the library.

fn main() {
    std::process::exit(numamark::cli::main().number())
}
