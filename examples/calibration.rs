//! Prints the table of `src/generator/calibration/table.txt`, measured anew: `make calibration`.

fn main() {
    print!("{}", numamark::generator::calibration::measuring::table());
}
