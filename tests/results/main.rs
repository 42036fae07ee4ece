//! The run directory end to end: what ranks write, what rank 0 makes of it, and what `verify` and `recover` prove.

mod fixture;

use fixture::{Folder, run};
use numamark::report;
use numamark::results::{aggregate, verify};

#[test]
fn a_run_and_its_parts_give_the_same_aggregate() {
    let folder = Folder::new("same-aggregate");
    for (ranks, seed) in [(1, 1), (2, 2), (5, 3)] {
        let path = folder.join(&format!("run-{ranks}"));
        let (directory, header, evidence) = run(&path, ranks, seed);
        let run = aggregate(&header, &evidence, Some(12.5)).expect("whole evidence");
        assert!(run.complete);
        directory.write_run(&run).expect("room");
        assert_eq!(directory.read_run().expect("what was written"), run, "seed {seed}");
        let verified = verify(&path).unwrap_or_else(|why| panic!("seed {seed}: {why}"));
        assert_eq!((verified.parts, verified.repetitions, verified.complete), (ranks as usize, 6, true));
        println!("{}", report::table(&run));
    }
}
