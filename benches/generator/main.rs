//! How fast chunks are filled, against the crate `dgen-data` and against loops that store and compute nothing.
//!
//! `cargo bench --bench generator --features peers`, and with `-- --quick` a third of the rounds. The arms of a question run
//! in turn, in shuffled order, over the same pages of one process; a ratio is that of the rounds, with its 95 % interval
//! (`numamark::stats::effect`), never a ratio of two runs. Outputs are verified first. Without `--bench` (as
//! `cargo test` starts it) it verifies and measures nothing.

mod arms;
mod machine;
mod questions;
mod table;

use numamark::mix::Random;
use numamark::units::Bytes;

use arms::{Sample, populate};
use machine::{Memory, available_cpus, l3_bytes};
use questions::{CHUNK_BYTES_MAX, Question};

/// Written by an arm in a round: long against a scheduling slice, short enough that the arms of one round meet
/// the same neighbours on the machine.
const BYTES_A_ROUND: usize = 1 << 30;
const ROUNDS: u32 = 25;
const ROUNDS_QUICK: u32 = 9;

fn main() {
    let given = |name: &str| std::env::args().any(|argument| argument == name);
    let (measure, rounds) = (given("--bench"), if given("--quick") { ROUNDS_QUICK } else { ROUNDS });
    let most_workers = available_cpus().len().min(2);
    // SAFETY: no other thread has been started yet; the peer reads it when its pool is built.
    unsafe { std::env::set_var("DGEN_THREADS", most_workers.to_string()) };
    let mut memory = Memory::of(CHUNK_BYTES_MAX);
    populate(memory.bytes(), most_workers);
    if measure {
        table::begin(Bytes(l3_bytes()), rounds);
    }
    for question in questions::all(l3_bytes()) {
        if question.workers > most_workers {
            println!("skipped, for want of a second CPU: {}", question.what);
            continue;
        }
        let chunk = &mut memory.bytes()[..question.chunk_bytes];
        question.arms().for_each(|arm| arm.verify(chunk, question.workers));
        if measure {
            table::answer(&question, &measured(&question, chunk, rounds));
        }
    }
    println!("all outputs verified");
}

/// Every arm once a round; `[round][arm]`.
fn measured(question: &Question, chunk: &mut [std::mem::MaybeUninit<u8>], rounds: u32) -> Vec<Vec<Sample>> {
    let arms: Vec<arms::Arm> = question.arms().collect();
    let mut random = Random::new(chunk.len() as u64);
    let passes = (BYTES_A_ROUND / chunk.len()).max(1);
    let mut one_round = |_| {
        let mut order: Vec<usize> = (0..arms.len()).collect();
        random.shuffle(&mut order);
        let mut samples = vec![Sample::default(); arms.len()];
        for arm in order {
            samples[arm] = arms[arm].run(chunk, question.workers, passes);
        }
        samples
    };
    (0..rounds).map(&mut one_round).collect()
}
