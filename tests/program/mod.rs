//! Runs the real program the way a user would: alone, under `mpirun`, under `mpiexec.hydra`.
#![allow(dead_code)] // every test file uses its own half

pub mod attempt;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// A command that has not ended by then hangs: at least twenty times what the slowest takes on a machine of its own.
pub const LIMIT: Duration = Duration::from_secs(1200);

/// A folder of this test's own that disappears with it.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(name: &str) -> Folder {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let unique =
            format!("numamark-{name}-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(unique);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a folder under the temporary one");
        Folder(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a job file and returns its path.
    pub fn job(&self, text: &str) -> PathBuf {
        let path = self.0.join("job.toml");
        std::fs::write(&path, text).expect("job file");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// How the ranks are started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// No launcher: ranks are threads.
    Alone,
    /// Open MPI's `mpirun` with the program as this test was built.
    OpenMpi,
    /// MPICH's `mpiexec.hydra` with the program that `NUMAMARK_MPICH_BINARY` names.
    Mpich,
}

impl Start {
    /// Why this start cannot be tried here, if so. Printed by the tests that skip.
    pub fn missing(self) -> Option<String> {
        match self {
            Start::Alone => None,
            Start::OpenMpi if !cfg!(feature = "mpi") => Some("built without the feature mpi".into()),
            Start::OpenMpi if mpirun().is_none() => Some("no mpirun of Open MPI found".into()),
            Start::OpenMpi => None,
            Start::Mpich => std::env::var("NUMAMARK_MPICH_BINARY")
                .err()
                .map(|_| "NUMAMARK_MPICH_BINARY names no program built against MPICH".into()),
        }
    }

    /// The command that starts `ranks` ranks of `numamark ARGUMENTS..`.
    pub fn command(self, ranks: u32, arguments: &[&str]) -> Command {
        let program = env!("CARGO_BIN_EXE_numamark");
        let count = ranks.to_string();
        let mut command = match self {
            Start::Alone => Command::new(program),
            Start::OpenMpi => {
                let mut command = Command::new(mpirun().expect("checked by missing()"));
                command.args(["--oversubscribe", "--bind-to", "none", "-n", &count, program]);
                // Refused without these two when root, ignored otherwise.
                command.env("OMPI_ALLOW_RUN_AS_ROOT", "1").env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
                command
            }
            Start::Mpich => {
                let program = std::env::var("NUMAMARK_MPICH_BINARY").expect("checked by missing()");
                let mut command = Command::new("mpiexec.hydra");
                command.args(["-n", &count, &program]);
                command
            }
        };
        command.args(arguments);
        if self == Start::Alone && arguments.first() == Some(&"run") {
            command.args(["--ranks", &count]);
        }
        command
    }
}

fn mpirun() -> Option<&'static str> {
    ["mpirun.openmpi", "mpirun"].into_iter().find(|name| {
        let version = Command::new(name).arg("--version").output();
        version.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("Open MPI"))
    })
}

/// What a finished command said.
#[derive(Debug)]
pub struct Finished {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
}

impl Finished {
    /// Panics with everything that was printed unless the exit code is `code`.
    pub fn expect_code(self, code: i32) -> Finished {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }
}

/// Runs to the end; a command that hangs is killed after `limit` and fails the test.
pub fn finish(command: Command, limit: Duration) -> Finished {
    let (child, started) = (spawn(command), Instant::now());
    wait(child, started, limit)
}

/// Starts in the background with piped output and no standard input.
pub fn spawn(mut command: Command) -> Child {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap_or_else(|why| panic!("{command:?}: {why}"))
}

/// Waits for a command started with [`spawn`].
pub fn wait(child: Child, started: Instant, limit: Duration) -> Finished {
    let id = child.id();
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let _ = send.send(child.wait_with_output());
    });
    let output: Output = match receive.recv_timeout(limit) {
        Ok(output) => output.expect("wait"),
        Err(_) => {
            signal(id, "KILL");
            panic!("process {id} did not end within {limit:?}");
        }
    };
    Finished {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        took: started.elapsed(),
    }
}

/// Sends a signal by name.
pub fn signal(process: u32, name: &str) {
    let _ = Command::new("kill").args([format!("-{name}"), process.to_string()]).status();
}

/// A job of a few seconds, with a sweep.
pub const SWEEP: &str = r#"
schema = 1
name = "predicted"
[run]
warmup = "100ms"
duration = "300ms"
repetitions = 5
interval = "50ms"
[rank]
share_nodes = true
[generate]
chunk = ["1MiB", "16MiB"]
[allocate]
allocator = ["slab", "system"]
"#;

/// Runs the program without a launcher.
pub fn numamark(arguments: &[&str]) -> Finished {
    finish(Start::Alone.command(1, arguments), LIMIT)
}
