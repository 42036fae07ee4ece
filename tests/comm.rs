//! Ranks as threads: every collective returns the right values, and in any order of failures all ranks return.
#![cfg(feature = "cli")]

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use numamark::comm::{Comm, StopFlag, World, threads};
use numamark::error::{Error, ExitCode, Result};
use numamark::mix::{Random, mix_words};

/// Two is the smallest number of ranks that communicate, three the smallest with two ranks beside rank 0, and sixteen
/// that of the target machine.
const SIZES: [u32; 4] = [1, 2, 3, 16];

/// In these tests a stage that lasts longer than this is a deadlock; the watchdog then ends the test.
const DEADLOCK: Duration = Duration::from_secs(1200);

fn run<T: Send>(ranks: u32, host: &str, body: impl Fn(&Comm) -> Result<T> + Sync) -> Result<Vec<T>> {
    threads::run(ranks, host, &StopFlag::never(), |comm| {
        comm.stage("a test", DEADLOCK);
        body(comm)
    })
}

#[test]
fn collectives_return_the_right_values_for_every_number_of_ranks() {
    for size in SIZES {
        let seen = run(size, "alpha", everything).unwrap_or_else(|error| panic!("{size} ranks: {error}"));
        assert_eq!(seen, (0..size).collect::<Vec<_>>());
    }
}

/// Uses every collective once and compares its result with the inputs of the ranks.
fn everything(comm: &Comm) -> Result<u32> {
    let World { rank, size } = comm.world();
    let mut text = if rank == 0 { b"job".to_vec() } else { b"overwritten".to_vec() };
    comm.broadcast(&mut text)?;
    assert_eq!(text, b"job");
    comm.barrier()?;
    let mine = vec![rank as u8; rank as usize];
    let all = comm.gather(&mine)?;
    let expected = (0..size).map(|rank| vec![rank as u8; rank as usize]).collect::<Vec<_>>();
    assert_eq!(all, (rank == 0).then_some(expected));
    let mut values = [u64::from(rank), 1, u64::MAX];
    comm.sum(&mut values)?;
    if rank == 0 {
        let size = u64::from(size);
        assert_eq!(values, [size * (size - 1) / 2, size, size.wrapping_neg()], "sums wrap");
    }
    comm.sum(&mut [])?;
    assert!(!comm.any(false)?);
    assert!(comm.any(rank == size - 1)?);
    assert_eq!(comm.agree(Ok(rank))?, rank);
    let host = comm.host_world(if rank % 2 == 0 { "even" } else { "odd" })?;
    assert_eq!((host.rank, host.host_index), (rank / 2, rank % 2));
    assert_eq!(comm.host_of(size - 1), "alpha");
    Ok(rank)
}

#[test]
fn agree_gives_all_ranks_the_error_of_the_lowest_and_collectives_still_work() {
    let seen = run(5, "alpha", |comm| {
        let rank = comm.world().rank;
        let mine = if rank >= 2 { Err(Error::Environment(format!("no memory for {rank}"))) } else { Ok(()) };
        let error = comm.agree(mine).expect_err("three ranks have failed");
        let mut ranks = [1];
        comm.sum(&mut ranks)?;
        Ok((error.to_string(), error.exit_code(), ranks[0]))
    });
    let seen = seen.expect("agree does not end the talk");
    for (rank, (message, code, ranks)) in seen.into_iter().enumerate() {
        assert_eq!(message, "rank 2 on alpha: no memory for 2");
        assert_eq!(code, ExitCode::Environment);
        assert_eq!(ranks, if rank == 0 { 5 } else { 1 });
    }
}

#[test]
fn a_single_rank_gets_its_own_error_back_unwrapped() {
    for agree in [true, false] {
        let seen = run(1, "alpha", |comm| {
            let error: Result<()> = Err(Error::Usage("job.toml:3:1: unknown key".into()));
            if agree { comm.agree(error) } else { error }
        });
        assert_eq!(seen.expect_err("an error").to_string(), "job.toml:3:1: unknown key");
    }
}

#[test]
fn a_panic_on_a_rank_or_on_its_worker_ends_all_ranks() {
    for on_worker in [false, true] {
        for guilty in [0, 1, 3] {
            let seen = run(4, "alpha", |comm| {
                comm.barrier()?;
                if comm.world().rank == guilty && on_worker {
                    std::thread::scope(|scope| drop(scope.spawn(|| panic!("on purpose"))));
                } else if comm.world().rank == guilty {
                    panic!("on purpose");
                }
                comm.barrier()
            });
            let error = seen.expect_err("a rank has panicked");
            assert_eq!(error.exit_code(), ExitCode::Bug);
            let expected = format!("rank {guilty} on alpha: a bug in numamark: it panicked: ");
            assert!(error.to_string().starts_with(&expected), "{error}");
        }
    }
}

#[test]
fn ranks_that_take_different_steps_are_a_bug_and_not_a_deadlock() {
    let steps: [fn(&Comm) -> Result<()>; 6] = [
        |comm| comm.barrier(),
        |comm| comm.gather(b"row").map(drop),
        |comm| comm.broadcast(&mut vec![]),
        |comm| comm.sum(&mut [1, 2]),
        |comm| comm.any(true).map(drop),
        |_| Ok(()),
    ];
    for (mine, my_step) in steps.iter().enumerate() {
        for (others, other_step) in steps.iter().enumerate().filter(|(others, _)| *others != mine) {
            for odd in [0, 2] {
                let seen =
                    run(
                        3,
                        "alpha",
                        |comm| {
                            if comm.world().rank == odd { my_step(comm) } else { other_step(comm) }
                        },
                    );
                let error = seen.expect_err("different steps");
                assert_eq!(error.exit_code(), ExitCode::Bug, "steps {mine} and {others}: {error}");
            }
        }
    }
    let seen = run(2, "alpha", |comm| comm.sum(&mut vec![0; 1 + comm.world().rank as usize]));
    assert!(seen.expect_err("lengths differ").to_string().contains("another number of values"));
}

/// Random programs: every rank runs the same random collectives, and some ranks fail at random places. All ranks must
/// return the error of a rank that failed.
#[test]
fn any_failure_at_any_place_gives_all_ranks_one_error() {
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_250_101);
    for case in 0..400 {
        let mut random = Random::new(mix_words(&[seed, case]));
        let size = 1 + random.below(6);
        let steps: Vec<u32> = (0..1 + random.below(12)).map(|_| random.below(6)).collect();
        // 0: fails nowhere. A place beyond the last step fails nowhere either.
        let fails_at: Vec<u32> = (0..size).map(|_| random.below(3) * random.below(16)).collect();
        let context = format!("SEED={seed} case {case}: {size} ranks, steps {steps:?}, fail at {fails_at:?}");
        let entered = AtomicU32::new(0);
        let seen = run(size, "alpha", |comm| {
            let result = program(comm, &steps, fails_at[comm.world().rank as usize]);
            entered.fetch_add(1, Ordering::Relaxed);
            result
        });
        assert_eq!(entered.into_inner(), size, "{context}");
        let guilty: Vec<usize> = (0..size as usize)
            .filter(|rank| (1..=steps.len()).contains(&(fails_at[*rank] as usize)))
            .collect();
        match seen {
            Ok(_) => assert!(guilty.is_empty(), "{context}"),
            Err(error) => {
                let named = |rank: &usize| error.to_string().contains(&format!("rank {rank} gave up"));
                assert!(guilty.iter().any(named), "{context}: {error}");
                assert_eq!(error.exit_code(), ExitCode::Failed, "{context}");
            }
        }
    }
}

fn program(comm: &Comm, steps: &[u32], fails_at: u32) -> Result<()> {
    let rank = comm.world().rank;
    for (number, step) in (1..).zip(steps) {
        if number == fails_at {
            return Err(Error::Failed(format!("rank {rank} gave up before step {number}")));
        }
        match step {
            0 => comm.barrier()?,
            1 => comm.broadcast(&mut vec![7; 100])?,
            2 => drop(comm.gather(&[rank as u8])?),
            3 => comm.sum(&mut [1; 50])?,
            4 => drop(comm.any(false)?),
            _ => comm.agree(Ok(()))?,
        }
    }
    Ok(())
}

#[test]
fn as_many_ranks_as_are_allowed_are_only_threads() {
    let seen = run(threads::RANKS_MAX, "alpha", |comm| {
        let mut values = vec![u64::from(comm.world().rank); 1000];
        comm.sum(&mut values)?;
        Ok(values[999])
    });
    let ranks = u64::from(threads::RANKS_MAX);
    assert_eq!(seen.expect("no failure")[0], ranks * (ranks - 1) / 2);
    for ranks in [0, threads::RANKS_MAX + 1] {
        let refused = run(ranks, "alpha", |_| Ok(())).expect_err("no such number of ranks");
        assert_eq!(refused.exit_code(), ExitCode::Usage);
    }
}
