//! The slab allocator beside four allocators of other projects, under every allocator workload:
//! `cargo bench --bench allocator --features peers -- [ROUNDS] [WORKLOAD...]`.
//!
//! Every arm of every round runs in a process of its own, which this program starts: no arm inherits memory, a heap's age or
//! a thread's cache from another. The arms of a round are shuffled. A child runs the library's own session for 150 ms after
//! 50 ms of warm-up, on pinned threads, and prints CPU time an operation (wall time for cross-thread, whose workers wait for each
//! other, and for the rows about first touches, where a thread beside them works for the slab) and its peak of resident memory.
//!
//! No arm touches memory beforehand: the slab's arena is a reservation that is not populated, so its pages count only once
//! they are used, as those of the peers do; the warm-up takes the first touches, but in the rows `first-touch`, which have none.
//! All arms have pages of 4 KiB, but in the rows `grow-huge-pages` and `first-touch`, where each has what it asks of the kernel. `chrt -f 1 cargo bench ..` keeps other programs off the cores.
//!
//! The slab stands twice: `slab`, inlined into the workload, and `called`, behind calls that are not inlined, which the peers,
//! being C, pay for as well.

mod child;
mod rows;
mod table;

use std::process::Command;

use numamark::mix::Random;
use rows::{Arm, Row, rows};
use table::{Sample, print_row, print_speed};

/// Rounds unless the caller says otherwise.
const ROUNDS: usize = 15;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if arguments.first().is_some_and(|first| first == child::FLAG) {
        return child::main(&arguments[1..]);
    }
    let rounds = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(ROUNDS).max(1);
    let words: Vec<&String> =
        arguments.iter().filter(|argument| argument.parse::<usize>().is_err()).collect();
    let chosen = |row: &Row| words.is_empty() || words.iter().any(|word| row.name.starts_with(word.as_str()));
    let chosen: Vec<Row> = rows().into_iter().filter(chosen).collect();
    if chosen.is_empty() {
        let names: Vec<String> = rows().into_iter().map(|row| row.name).collect();
        panic!("no workload begins with {words:?}; there are: {}", names.join(", "));
    }
    println!(
        "{rounds} rounds, each arm of each in a process of its own, shuffled; medians with 95 % intervals"
    );
    table::print_builds();
    table::print_heads();
    for row in &chosen {
        let samples = measure(row, rounds);
        print_row(row, &samples);
        print_speed(row, &samples);
    }
    println!(
        "\nratio: ns of the best peer over ns of the slab, paired by round; above 1 the slab is faster. best: the peer with the \
         lowest median.\nns: CPU time an operation (cross-thread, first-touch and rows with -populate: wall). memory: peak of resident bytes since the \
         preparations, above that of null, over the live bytes. faults: page faults of the workers in a thousand operations.\n-populate: \
         beside the workers of the slab's arms a thread faults in what they take next, on another CPU; the CPU time of that thread \
         is in no figure. first-touch: grow without warm-up, and with more objects than the region allocates."
    );
}

/// One sample for each arm and round.
fn measure(row: &Row, rounds: usize) -> Vec<Vec<Sample>> {
    let mut samples: Vec<Vec<Sample>> = Vec::with_capacity(rounds);
    let mut random = Random::new(7);
    for round in 0..rounds {
        let mut order: Vec<usize> = (0..Arm::ALL.len()).collect();
        random.shuffle(&mut order);
        let mut of_round = vec![Sample::UNKNOWN; Arm::ALL.len()];
        for index in order {
            of_round[index] = start(row, Arm::ALL[index], round);
        }
        samples.push(of_round);
    }
    samples
}

fn start(row: &Row, arm: Arm, round: usize) -> Sample {
    let program = std::env::current_exe().expect("this program has a path");
    let mut child = Command::new(program);
    child.args([child::FLAG, &row.name, arm.word(), &(round + 1).to_string()]);
    let output = child.output().expect("a process can be started");
    let printed = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<f64> = printed.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    match (output.status.success(), &numbers[..]) {
        (true, [ns, resident_bytes, faults]) => {
            Sample { ns: *ns, resident_bytes: *resident_bytes, faults: *faults }
        }
        _ => panic!("{} on {}: {printed}{}", row.name, arm.word(), String::from_utf8_lossy(&output.stderr)),
    }
}
