//! What else happened on a rank's cores during a repetition. A counter that the machine does not offer is null, and the
//! part's first line says why.

use serde::{Deserialize, Serialize};

/// Of one rank, in the timed region.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Noise {
    /// One entry a worker, in order; empty in the rows that ranks gather.
    pub workers: Vec<WorkerNoise>,
    /// The lowest CPU time over wall time of a worker.
    pub cpu_share_min: Option<f64>,
    /// Times that a worker lost its CPU to somebody else.
    pub involuntary_switches: u64,
    /// Times that a worker waited.
    pub voluntary_switches: u64,
    /// Page faults served without a disk.
    pub minor_faults: u64,
    /// Page faults that waited for a disk.
    pub major_faults: u64,
    /// Times that a worker was moved to another CPU.
    pub migrations: Option<u64>,
    /// How long workers were ready and had no CPU.
    pub run_delay_ns: Option<u64>,
    /// What the hypervisor gave to others, on the rank's PUs.
    pub steal_ns: Option<u64>,
    /// How long the cgroup's quota stopped its tasks.
    pub throttled_ns: Option<u64>,
    /// Times that the rank's cores were slowed for their heat.
    pub thermal_throttles: Option<u64>,
    /// How long some task of the host waited for a CPU.
    pub pressure_cpu_ns: Option<u64>,
    /// How long some task of the host waited for memory.
    pub pressure_memory_ns: Option<u64>,
    /// The core clock after the repetition over that before it, less 1, of the worker it changed most for.
    pub core_clock_change: Option<f64>,
}

/// Of one worker, in the timed region.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkerNoise {
    /// CPU time.
    pub cpu_ns: u64,
    /// Wall time between the same readings.
    pub wall_ns: u64,
    /// Times that it lost its CPU to somebody else.
    pub involuntary_switches: u64,
    /// Times that it waited.
    pub voluntary_switches: u64,
    /// Page faults served without a disk.
    pub minor_faults: u64,
    /// Page faults that waited for a disk.
    pub major_faults: u64,
    /// Times that it was moved to another CPU.
    pub migrations: Option<u64>,
    /// How long it was ready and had no CPU.
    pub run_delay_ns: Option<u64>,
    /// What a fixed chain of multiplications took before the repetition: the fastest of three.
    pub probe_before_ns: f64,
    /// The same after it.
    pub probe_after_ns: f64,
}

impl Noise {
    /// Without the entries of the workers.
    pub fn summary(&self) -> Noise {
        Noise { workers: Vec::new(), ..self.clone() }
    }
}
