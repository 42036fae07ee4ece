//! Starts the scenarios under real launchers and states the required outcome of each.

use std::process::{Command, ExitCode};

use crate::outcome::{Outcome, observe};

/// A launcher found on this machine, by the name of its program.
#[derive(Clone, Copy, Debug)]
enum Launcher {
    OpenMpi(&'static str),
    Hydra(&'static str),
}

pub fn test_everything() -> ExitCode {
    let library = numamark::comm::mpi_library().expect("built with the feature mpi");
    let open_mpi = find(&["mpirun.openmpi", "mpirun"], &["Open MPI", "OpenRTE"]).map(Launcher::OpenMpi);
    let hydra = find(&["mpiexec.hydra", "mpiexec"], &["HYDRA"]).map(Launcher::Hydra);
    let (own, other) = if library.starts_with("Open MPI") { (open_mpi, hydra) } else { (hydra, open_mpi) };
    println!("linked to {library}");
    match own {
        Some(own) => with_the_right_launcher(own),
        None => println!("SKIPPED: this machine has no launcher for {library}"),
    }
    match other {
        Some(other) => with_the_wrong_launcher(other),
        None => println!("SKIPPED the wrong launcher: this machine has the launcher of one MPI library only"),
    }
    without_a_launcher();
    println!("comm_launchers: ok");
    ExitCode::SUCCESS
}

fn with_the_right_launcher(own: Launcher) {
    for ranks in [1, 2, 4, 16] {
        own.start(ranks, "collectives").ends(0, "").prints(&format!("all {ranks} ranks are well"));
    }
    for guilty in [0, 2] {
        let line = format!("rank {guilty} on HOST: a bug in numamark: thread 'main' panicked at tests/");
        own.start(4, &format!("panic@{guilty}")).ends(101, &line);
    }
    own.start(4, "worker-panic@1")
        .ends(101, "rank 1 on HOST: a bug in numamark: thread 'rank 1 worker 1' panicked at");
    for guilty in [0, 2] {
        own.start(4, &format!("killed@{guilty}")).ends_as_the_launcher_says();
    }
    own.start(4, "exit@1").ends_without_looking_complete();
    own.start(4, "abort@3").ends(3, "");
    own.start(4, "hung@2").ends(1, "rank 2 on HOST: hung: still in 'round 3' after ").says("(limit 2.0 s)");
    own.start(4, "hung@0").ends(1, "rank 0 on HOST: hung: still in 'round 3' after ").says("(limit 2.0 s)");
    own.start(4, "stopped@3")
        .ends(1, "rank 0 on HOST: waited ")
        .says("(limit 2.0 s) in 'barrier after round 3' for rank 3 on HOST");
    own.start(4, "stopped@0")
        .ends(1, "rank 1 on HOST: waited ")
        .says("(limit 2.0 s) in 'barrier after round 3' for rank 0 on HOST");
    for guilty in [0, 1, 3] {
        let line = format!("rank {guilty} on HOST: cannot bind memory");
        own.start(4, &format!("error@{guilty}")).ends(5, &line).prints_once_a_rank(4, "exits with 5");
    }
    for seed in 0..4 {
        own.start(4, &format!("random@{seed}"))
            .ends(1, "on HOST: gave up before step")
            .prints_once_a_rank(4, "exits with 1");
    }
    own.start(4, "late@1")
        .fails("rank 0 on HOST: waited ")
        .says("(limit 2.0 s) in 'MPI_Init' for the other ranks");
    own.start(4, "agree").ends(2, "rank 2 on HOST: rank 2 says no").prints_once_a_rank(4, "exits with 2");
    own.start(4, "stray@2").ends(101, "rank 2 on HOST: a bug in numamark: its collective");
    let mut demanding = own.command(4, "collectives");
    demanding.env("EXPECT_RANKS", "16");
    observe(demanding, None).ends(5, "rank 0 on HOST: --expect-ranks 16, but the launcher started 4 ranks");
    observe(own.command(4, "stop"), Some(("listening", "USR1")))
        .ends(4, "stopped by SIGUSR1")
        .prints_once_a_rank(4, "exits with 4");
}

/// Four processes, each in a world of its own: all exit with an error, and one prints the reason.
fn with_the_wrong_launcher(other: Launcher) {
    let words = other.in_words();
    let line = format!("rank 0 on HOST: {words} started 4 processes, but each of them found itself alone");
    other.start(4, "collectives").ends(5, &line);
}

fn without_a_launcher() {
    let alone = |scenario| {
        let mut command = Command::new(this_program());
        command.args(["rank", scenario]);
        command
    };
    observe(alone("collectives"), None).ends(0, "").prints("all 2 ranks are well");
    observe(alone("error@1"), None).ends(5, "rank 1 on HOST: cannot bind memory");
    observe(alone("panic@1"), None)
        .ends(101, "rank 1 on HOST: a bug in numamark: thread 'rank 1' panicked at tests/");
    observe(alone("worker-panic@0"), None)
        .ends(101, "rank 0 on HOST: a bug in numamark: thread 'rank 0 worker 1' panicked at");
    observe(alone("hung@1"), None)
        .ends(1, "rank 1 on HOST: hung: still in 'round 3' after ")
        .says("(limit 2.0 s)");
    observe(alone("stray@1"), None).ends(101, "rank 1 on HOST: a bug in numamark: its collective");
    for (signal, name) in [("INT", "SIGINT"), ("TERM", "SIGTERM"), ("USR1", "SIGUSR1")] {
        observe(alone("stop"), Some(("listening", signal))).ends(4, &format!("stopped by {name}"));
    }
    observe(alone("terminated@1"), Some(("terminate me", "TERM")))
        .ends(4, "rank 0 on HOST: SIGTERM, and ")
        .says(" s later still waiting in 'terminated@1' for rank 1 on HOST;");
    observe(alone("suspended"), Some(("suspend me", "STOP"))).ends(0, "").prints("all 2 ranks are well");
}

impl Launcher {
    fn in_words(self) -> &'static str {
        match self {
            Launcher::OpenMpi(_) => "mpirun of Open MPI",
            Launcher::Hydra(_) => "mpiexec of MPICH (Hydra)",
        }
    }

    fn start(self, ranks: u32, scenario: &str) -> Outcome {
        observe(self.command(ranks, scenario), None)
    }

    fn command(self, ranks: u32, scenario: &str) -> Command {
        let mut command = match self {
            Launcher::OpenMpi(program) => {
                let mut command = Command::new(program);
                // More ranks than cores, and root, are normal where this is tested.
                command.arg("--oversubscribe");
                command.envs([("OMPI_ALLOW_RUN_AS_ROOT", "1"), ("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")]);
                command
            }
            Launcher::Hydra(program) => Command::new(program),
        };
        command.args(["-n", &ranks.to_string()]).arg(this_program()).args(["rank", scenario]);
        command
    }
}

fn this_program() -> std::path::PathBuf {
    std::env::current_exe().expect("a path to this program")
}

/// The first program whose `--version` contains one of the marks.
fn find(programs: &[&'static str], marks: &[&str]) -> Option<&'static str> {
    programs.iter().copied().find(|program| {
        let version = Command::new(program).arg("--version").output();
        let text =
            version.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
        marks.iter().any(|mark| text.contains(mark))
    })
}
