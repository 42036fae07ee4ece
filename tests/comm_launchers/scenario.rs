//! One rank of a scenario: it fails in a given way. `launch.rs` checks the detection.

use std::process::{Command, ExitCode};
use std::time::Duration;

use numamark::comm::{Comm, Start, World, launcher, worker_thread_name};
use numamark::error::{Error, Result};
use numamark::mix::Random;

/// The limit of every stage in the scenarios that hang.
const TIME_LIMIT: Duration = Duration::from_secs(2);

/// As the program's `main` does it: detect, check, run, one process prints, all exit with one code.
pub fn run(name: &str) -> ExitCode {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").expect("Linux");
    let launcher = launcher::detect(|name| std::env::var(name).ok());
    let start = Start {
        host: host.trim(),
        launcher: launcher.as_ref(),
        ranks_in_process: 2,
        time_limit: if name == "late@1" { TIME_LIMIT } else { Start::TIME_LIMIT },
        ranks_expected: std::env::var("EXPECT_RANKS").ok().and_then(|ranks| ranks.parse().ok()),
    };
    if name == "late@1" && launcher.is_some_and(|launcher| launcher.rank == Some(1)) {
        signal_myself("STOP");
    }
    let body = |comm: &Comm| {
        comm.stage(name, Duration::from_secs(600));
        play(name, comm).map_err(|error| {
            let agreed = comm.fail(error);
            println!("rank {} exits with {}", comm.world().rank, agreed.exit_code().number());
            agreed
        })
    };
    match start.run(body, |error| eprintln!("numamark: {error}")) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => ExitCode::from(error.exit_code() as u8),
    }
}

fn play(name: &str, comm: &Comm) -> Result<()> {
    let World { rank, size } = comm.world();
    let (what, who) = name.split_once('@').unwrap_or((name, "0"));
    let guilty = Some(rank) == who.parse().ok();
    comm.barrier()?;
    match what {
        "collectives" => collectives(comm)?,
        "panic" if guilty => panic!("on purpose"),
        "worker-panic" if guilty => panic_on_a_worker(rank),
        "panic" | "worker-panic" | "killed" if !guilty => comm.barrier()?,
        "killed" => signal_myself("KILL"),
        "exit" if guilty => std::process::exit(0),
        "abort" if guilty => comm.abort(numamark::error::ExitCode::Gate),
        "hung" if guilty => {
            comm.stage("round 3", TIME_LIMIT);
            std::thread::sleep(Duration::from_secs(3600));
        }
        "stopped" if guilty => signal_myself("STOP"),
        "hung" | "stopped" | "exit" | "abort" => {
            comm.stage("barrier after round 3", TIME_LIMIT);
            comm.barrier()?;
        }
        "suspended" => suspended(comm)?,
        "error" if guilty => return Err(Error::Environment("cannot bind memory".into())),
        "error" => others_are_anywhere(comm)?,
        "random" => random_steps(comm, who.parse().expect("a seed after @"))?,
        "agree" => {
            let mine = if rank >= 2 { Err(Error::Usage(format!("rank {rank} says no"))) } else { Ok(()) };
            comm.agree(mine)?;
        }
        "stray" if guilty => return Ok(()),
        "stray" => drop(comm.gather(b"row").and_then(|_| comm.barrier())?),
        "stop" => wait_for_a_signal(comm)?,
        "terminated" if guilty => std::thread::sleep(Duration::from_secs(3600)),
        "terminated" => {
            println!("terminate me");
            comm.barrier()?;
        }
        _ => unreachable!("scenario {what}"),
    }
    if rank == 0 {
        println!("all {size} ranks are well");
    }
    Ok(())
}

/// Sizes that are empty, small, and of many pieces; contents that depend on the rank.
fn collectives(comm: &Comm) -> Result<()> {
    let World { rank, size } = comm.world();
    for bytes in [0, 1, 100_000, 20 << 20] {
        let mut text = vec![if rank == 0 { 7 } else { 0 }; bytes];
        comm.broadcast(&mut text)?;
        assert!(text.len() == bytes && text.iter().all(|byte| *byte == 7), "{bytes} bytes");
    }
    for bytes in [0usize, 1, 300_000, (16 << 20) / size as usize + 1] {
        let row = |rank: u32| vec![rank as u8; bytes * (rank % 3) as usize];
        let all = comm.gather(&row(rank))?;
        assert_eq!(all.is_some(), rank == 0);
        for (from, found) in (0..).zip(all.unwrap_or_default()) {
            assert!(found == row(from), "{bytes} bytes from rank {from}");
        }
    }
    for count in [0, 1, 33_792, (3 << 20) / 2] {
        let mine = |rank: u32| (0..count).map(move |index: u64| index.wrapping_mul(u64::from(rank) + 1));
        let mut values: Vec<u64> = mine(rank).collect();
        comm.sum(&mut values)?;
        let weight = if rank == 0 { u64::from(size) * u64::from(size + 1) / 2 } else { u64::from(rank) + 1 };
        assert!(
            (0..).zip(values).all(|(index, value)| value == weight.wrapping_mul(index)),
            "{count} values"
        );
    }
    assert!(comm.any(rank == size - 1)? && !comm.any(false)?);
    let host = comm.host_world("one")?;
    assert_eq!((host.rank, host.size, host.hosts.len()), (rank, size, 1));
    Ok(())
}

fn panic_on_a_worker(rank: u32) {
    std::thread::scope(|scope| {
        let _unwinds =
            std::thread::Builder::new().name(worker_thread_name(rank, 1)).spawn_scoped(scope, || {
                std::thread::sleep(Duration::from_millis(50));
                panic!("on purpose")
            });
        std::thread::sleep(Duration::from_secs(3600));
    });
}

/// The ranks that did not fail are in different places: some far ahead, one in a large message.
fn others_are_anywhere(comm: &Comm) -> Result<()> {
    for _ in 0..3 {
        comm.gather(&vec![1; 3 << 20])?;
    }
    comm.sum(&mut [1; 100])?;
    comm.broadcast(&mut vec![1; 1 << 20])
}

/// All ranks run the same random collectives; one or more fail at random places.
fn random_steps(comm: &Comm, seed: u64) -> Result<()> {
    let World { rank, size } = comm.world();
    let mut random = Random::new(seed);
    let steps: Vec<u32> = (0..20).map(|_| random.below(6)).collect();
    let mut fails_at: Vec<u32> = (0..size).map(|_| random.below(60)).collect();
    fails_at[random.below(size) as usize] = random.below(20);
    for (number, step) in (0..).zip(steps) {
        if number == fails_at[rank as usize] {
            return Err(Error::Failed(format!("gave up before step {number}")));
        }
        match step {
            0 => comm.barrier()?,
            1 => comm.broadcast(&mut vec![1; 1 << 20])?,
            2 => drop(comm.gather(&vec![1; 500_000])?),
            3 => comm.sum(&mut [1; 1000])?,
            4 => drop(comm.any(false)?),
            _ => comm.agree(Ok(()))?,
        }
    }
    Ok(())
}

/// The whole job is suspended for longer than its time limit and then continues: this is not a hang.
fn suspended(comm: &Comm) -> Result<()> {
    comm.stage("a suspended round", Duration::from_secs(15));
    if comm.world().rank == 0 {
        println!("suspend me");
    }
    std::thread::sleep(Duration::from_secs(2));
    comm.barrier()
}

fn wait_for_a_signal(comm: &Comm) -> Result<()> {
    if comm.world().rank == 0 {
        println!("listening");
    }
    loop {
        if let Some(signal) = comm.stop_requested()? {
            let error = Error::Incomplete(format!("stopped by {}", signal.name()));
            if comm.world().rank == 0 {
                // A launcher sends TERM when the first rank has left. For a rank that is leaving this does not count as
                // a second signal.
                comm.stop().forgive();
                send_myself("TERM");
            }
            return Err(error);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn signal_myself(name: &str) {
    send_myself(name);
    std::thread::sleep(Duration::from_secs(3600));
}

fn send_myself(name: &str) {
    let me = std::process::id().to_string();
    let sent = Command::new("kill").args(["-s", name, &me]).status().expect("kill(1)");
    assert!(sent.success());
}
