//! Detection of the launcher that started this process, and the check that it fits the linked MPI library.
//!
//! When the launcher does not match the MPI library, each of its N processes sees itself as rank 0 of 1. All N would
//! run the same job over each other's files and exit with 0. The launchers' environment variables reveal this.

use crate::comm::World;
use crate::error::{Error, Result};
use crate::units::counted;

/// The program that started this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// `mpirun` of Open MPI.
    OpenMpi,
    /// `mpiexec.hydra`, of MPICH or of a library made from it.
    Hydra,
    /// `mpirun` of Intel MPI.
    IntelMpi,
    /// `srun`.
    Slurm,
    /// Another launcher that speaks PMI.
    Pmi,
}

impl Family {
    fn name(self) -> &'static str {
        match self {
            Family::OpenMpi => "mpirun of Open MPI",
            Family::Hydra => "mpiexec of MPICH (Hydra)",
            Family::IntelMpi => "mpirun of Intel MPI",
            Family::Slurm => "srun",
            Family::Pmi => "a PMI launcher",
        }
    }
}

/// The processes that were started together, as the environment describes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Launcher {
    /// The launcher that started them.
    pub family: Family,
    /// Number of processes.
    pub size: u32,
    /// Index of this process among them, if the launcher gives it.
    pub rank: Option<u32>,
    /// True when the launcher offers the service by which an MPI library finds the other processes.
    pub serves_mpi: bool,
}

/// Reads the launcher's variables through `lookup`; `None` when no launcher started this process.
///
/// A launcher inside a Slurm step (mpirun starts its daemons with srun) takes precedence over Slurm. In an sbatch
/// script without `srun` no launcher started this process, although `SLURM_NTASKS` is set.
pub fn detect(lookup: impl Fn(&str) -> Option<String>) -> Option<Launcher> {
    let number = |name: &str| lookup(name)?.trim().parse::<u32>().ok();
    let present = |name: &str| lookup(name).is_some();
    let step = number("SLURM_STEP_NUM_TASKS").or_else(|| {
        let in_step = present("SLURM_STEP_ID") || present("SLURM_STEPID");
        in_step.then(|| number("SLURM_NTASKS")).flatten()
    });
    if let Some(size) = number("OMPI_COMM_WORLD_SIZE") {
        let rank = number("OMPI_COMM_WORLD_RANK");
        return Some(Launcher { family: Family::OpenMpi, size, rank, serves_mpi: true });
    }
    if let Some(size) = number("PMI_SIZE") {
        let family = match () {
            () if present("I_MPI_MPIRUN") || present("I_MPI_HYDRA_BOOTSTRAP") => Family::IntelMpi,
            () if present("HYDI_CONTROL_FD") => Family::Hydra,
            () if step == Some(size) => Family::Slurm,
            () => Family::Pmi,
        };
        return Some(Launcher { family, size, rank: number("PMI_RANK"), serves_mpi: true });
    }
    let serves_mpi = ["PMIX_NAMESPACE", "PMIX_RANK", "PMI_FD", "PMI_CONTROL_PORT"].into_iter().any(present);
    step.map(|size| Launcher { family: Family::Slurm, size, rank: number("SLURM_PROCID"), serves_mpi })
}

impl Launcher {
    /// True if this process reports for all that were started together, before (or without) MPI. True for exactly one
    /// of them when the launcher gives the index.
    pub fn speaks(&self) -> bool {
        self.rank.is_none_or(|rank| rank == 0)
    }

    /// Before `MPI_Init`: refuses starts that are known to fail with a page of the MPI library's own messages.
    ///
    /// `library` is the version text of the MPI library, `None` in a build without MPI.
    ///
    /// # Errors
    /// When many processes were started and cannot become ranks.
    pub fn check_before_init(&self, library: Option<&str>) -> Result<()> {
        let Launcher { family, size, serves_mpi, .. } = *self;
        match library {
            _ if size <= 1 => Ok(()),
            None => Err(Error::Environment(format!(
                "{} started {size} processes, but this numamark was built without MPI and cannot make them ranks of \
                 one run; build it with the feature `mpi`, or start one process: it runs a rank on every NUMA node \
                 of its host",
                family.name()
            ))),
            Some(library) if family == Family::Slurm && !serves_mpi && is_open_mpi(library) => {
                Err(Error::Environment(format!(
                    "srun started {size} processes without telling them how to find each other; this numamark is \
                     linked to {}: start it with srun --mpi=pmix, or with mpirun",
                    short(library)
                )))
            }
            Some(_) => Ok(()),
        }
    }
}

/// Checks, after `MPI_Init` and before anything is written, that the processes that were started together are the ranks
/// of one world, and that their number is the expected one.
///
/// # Errors
/// When they are not; the message names the launcher, the library and the remedy.
pub fn check(launcher: Option<&Launcher>, world: World, library: &str, expected: Option<u32>) -> Result<()> {
    if let Some(launcher) = launcher.filter(|launcher| launcher.size != world.size) {
        let (name, size) = (launcher.family.name(), launcher.size);
        let found = match world.size {
            1 => "each of them found itself alone".to_string(),
            ranks => format!("MPI sees {ranks} ranks"),
        };
        return Err(Error::Environment(format!(
            "{name} started {size} processes, but {found}: this numamark is linked to {}; {}",
            short(library),
            remedy(launcher.family, library)
        )));
    }
    match expected {
        Some(expected) if expected != world.size => Err(Error::Environment(format!(
            "--expect-ranks {expected}, but the launcher started {}; check the launch line",
            counted(world.size.into(), "rank")
        ))),
        _ => Ok(()),
    }
}

/// The first part of the version text: Open MPI appends package, ident, revision and date.
fn short(library: &str) -> &str {
    library.split(',').next().unwrap_or(library)
}

fn is_open_mpi(library: &str) -> bool {
    library.starts_with("Open MPI")
}

/// Advice for starting a program that is linked to `library`.
fn remedy(family: Family, library: &str) -> &'static str {
    match (family, is_open_mpi(library)) {
        (Family::Slurm, true) => "start it with srun --mpi=pmix, or with mpirun of Open MPI",
        (Family::Slurm, false) => {
            "start it with srun --mpi=pmi2 (srun --mpi=list shows the choices), or with its own mpiexec"
        }
        (_, true) => {
            "start it with mpirun of Open MPI, or build it against the launcher's library (MPICC=...)"
        }
        (_, false) => {
            "start it with the mpiexec of that library, or build it against the launcher's (MPICC=...)"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN_MPI: &str = "Open MPI v4.1.4, package: Debian OpenMPI";
    const MPICH: &str = "MPICH Version: 4.0.2";

    fn detect_in(environment: &[(&str, &str)]) -> Option<Launcher> {
        detect(|name| environment.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_string()))
    }

    /// Variables as the launchers of Debian 12 were seen to set them, and the expected result.
    #[test]
    fn each_launcher_is_known_by_its_variables() {
        let launcher = |family, size, rank, serves_mpi| Some(Launcher { family, size, rank, serves_mpi });
        let step = [("SLURM_STEP_ID", "0"), ("SLURM_STEP_NUM_TASKS", "4"), ("SLURM_PROCID", "3")];
        assert_eq!(detect_in(&[]), None);
        assert_eq!(
            detect_in(&[("OMPI_COMM_WORLD_SIZE", "4"), ("OMPI_COMM_WORLD_RANK", "1"), ("PMIX_RANK", "1")]),
            launcher(Family::OpenMpi, 4, Some(1), true)
        );
        assert_eq!(
            detect_in(&[("PMI_SIZE", "4"), ("PMI_RANK", "0"), ("PMI_FD", "6"), ("HYDI_CONTROL_FD", "7")]),
            launcher(Family::Hydra, 4, Some(0), true)
        );
        assert_eq!(
            detect_in(&[("PMI_SIZE", "4"), ("PMI_RANK", "0"), ("I_MPI_MPIRUN", "mpirun")]),
            launcher(Family::IntelMpi, 4, Some(0), true)
        );
        assert_eq!(detect_in(&[("PMI_SIZE", "4")]), launcher(Family::Pmi, 4, None, true));
        assert_eq!(detect_in(&step), launcher(Family::Slurm, 4, Some(3), false));
        assert_eq!(
            detect_in(&[&step[..], &[("PMIX_NAMESPACE", "slurm.pmix.3.0")]].concat()),
            launcher(Family::Slurm, 4, Some(3), true)
        );
        assert_eq!(
            detect_in(&[&step[..], &[("PMI_SIZE", "4"), ("PMI_RANK", "3")]].concat()),
            launcher(Family::Slurm, 4, Some(3), true)
        );
    }

    #[test]
    fn the_innermost_launcher_counts() {
        // mpirun in an sbatch script starts one daemon per host with srun; the daemons start the ranks.
        let daemon = [("SLURM_STEP_ID", "0"), ("SLURM_STEP_NUM_TASKS", "2"), ("SLURM_PROCID", "1")];
        let rank = [&daemon[..], &[("OMPI_COMM_WORLD_SIZE", "8"), ("OMPI_COMM_WORLD_RANK", "5")]].concat();
        assert_eq!(detect_in(&rank).map(|launcher| launcher.size), Some(8));
        let rank = [&daemon[..], &[("PMI_SIZE", "8"), ("HYDI_CONTROL_FD", "7")]].concat();
        assert_eq!(detect_in(&rank).map(|launcher| launcher.family), Some(Family::Hydra));
    }

    #[test]
    fn a_batch_script_and_nonsense_are_no_launcher() {
        assert_eq!(detect_in(&[("SLURM_NTASKS", "4"), ("SLURM_PROCID", "0")]), None);
        assert_eq!(detect_in(&[("OMPI_COMM_WORLD_SIZE", "many"), ("PMI_SIZE", "-1")]), None);
    }

    #[test]
    fn singletons_are_refused_with_launcher_library_and_remedy() {
        let launcher = Launcher { family: Family::OpenMpi, size: 4, rank: Some(2), serves_mpi: true };
        let alone = World { rank: 0, size: 1 };
        let error = check(Some(&launcher), alone, MPICH, None).expect_err("four singletons");
        assert_eq!(
            error.to_string(),
            "mpirun of Open MPI started 4 processes, but each of them found itself alone: this numamark is linked to \
             MPICH Version: 4.0.2; start it with the mpiexec of that library, or build it against the launcher's \
             (MPICC=...)"
        );
        assert_eq!(error.exit_code(), crate::error::ExitCode::Environment);
        assert!(!launcher.speaks(), "process 2 leaves the talking to process 0");
        assert!(check(Some(&launcher), World { rank: 2, size: 4 }, OPEN_MPI, Some(4)).is_ok());
        assert!(check(None, alone, OPEN_MPI, None).is_ok());
    }

    #[test]
    fn the_number_of_ranks_can_be_demanded() {
        let error = check(None, World { rank: 0, size: 1 }, OPEN_MPI, Some(16)).expect_err("1 is not 16");
        assert!(
            error.to_string().starts_with("--expect-ranks 16, but the launcher started 1 rank"),
            "{error}"
        );
    }

    #[test]
    fn what_cannot_become_ranks_is_refused_before_mpi_starts() {
        let srun = Launcher { family: Family::Slurm, size: 4, rank: Some(0), serves_mpi: false };
        let refused = srun.check_before_init(Some(OPEN_MPI)).expect_err("Open MPI would fail in MPI_Init");
        assert!(refused.to_string().contains("srun --mpi=pmix"), "{refused}");
        assert!(
            srun.check_before_init(Some(MPICH)).is_ok(),
            "MPICH starts as singletons, which are refused later"
        );
        let refused = srun.check_before_init(None).expect_err("a build without MPI");
        assert!(refused.to_string().contains("built without MPI"), "{refused}");
        assert!(Launcher { size: 1, ..srun }.check_before_init(None).is_ok());
    }
}
