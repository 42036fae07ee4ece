//! Speed of the PUs, stability of that speed, and the clock that measures it.

use crate::environment::check::{Check, Host, Remedy};
use crate::units::{counted, human_duration};

/// Clock sources that are read without a system call.
const READ_WITHOUT_THE_KERNEL: [&str; 5] =
    ["tsc", "kvm-clock", "hyperv_clocksource_tsc_page", "arch_sys_counter", "timebase"];
/// Largest cost of a clock reading, in ns, that does not distort the shortest refills.
const READ_NS_MAX: f64 = 100.0;
/// Lowest `perf_event_paranoid` level at which the kernel refuses counters to unprivileged users.
const PERF_REFUSED_FROM: i64 = 3;

pub(super) fn governor(host: &Host<'_>) -> Check {
    let what = "frequency";
    let Some(governor) = &host.environment.governor else { return host.missing(what, "governor") };
    let boost = match host.reading.boost {
        Some(true) => ", boost on",
        Some(false) => ", boost off",
        None => "",
    };
    if governor == "performance" {
        return Check::fine(what, format!("governor performance{boost}"));
    }
    let remedy = match host.in_slurm() {
        true => "srun --cpu-freq=Performance numamark run JOB.toml",
        false => "sudo cpupower frequency-set -g performance",
    };
    Check::warn(
        what,
        format!("governor {governor}{boost}: cores are slow to speed up"),
        Remedy::command(remedy),
    )
}

pub(super) fn siblings(host: &Host<'_>) -> Check {
    let what = "SMT";
    let (Some(smt), Some(pus), Some(cores)) =
        (host.environment.smt, host.environment.pus, host.environment.cores)
    else {
        return host.missing(what, "smt");
    };
    if !smt {
        return Check::fine(what, format!("off: {}, each one PU", counted(cores.into(), "core")));
    }
    let [pus, cores] = [counted(pus.into(), "PU"), counted(cores.into(), "core")];
    let found = format!("on: {pus} on {cores}; workers that share a core slow each other");
    let remedy = match host.in_slurm() {
        true => Remedy::command("srun --hint=nomultithread numamark run JOB.toml"),
        false => Remedy::write("off", "/sys/devices/system/cpu/smt/control"),
    };
    Check::warn(what, found, remedy)
}

pub(super) fn clock(host: &Host<'_>) -> Check {
    let what = "clock";
    let environment = host.environment;
    let kernel = environment.kernel_clock_source.as_deref();
    let found = format!(
        "{}, step {}, a reading costs {}; the kernel uses {}",
        environment.clock_source,
        human_duration(environment.clock_step_ns),
        human_duration(environment.clock_read_ns),
        kernel.unwrap_or("an unknown one")
    );
    let slow_kernel = kernel.is_some_and(|name| !READ_WITHOUT_THE_KERNEL.contains(&name));
    if !slow_kernel && environment.clock_read_ns <= READ_NS_MAX {
        return Check::fine(what, found);
    }
    let remedy = match host.reading.clock_sources.iter().any(|source| source == "tsc") {
        true => Remedy::write("tsc", "/sys/devices/system/clocksource/clocksource0/current_clocksource"),
        // The kernel found the counter unstable and logged the reason.
        false => Remedy::command("sudo dmesg | grep -i -e tsc -e clocksource"),
    };
    Check::warn(what, found, remedy)
}

pub(super) fn perf(host: &Host<'_>) -> Check {
    let what = "perf";
    match host.reading.perf_event_paranoid {
        Err(ref why) => Check::unknown(what, why),
        Ok(level) if level >= PERF_REFUSED_FROM && !host.reading.may_use_perf => {
            let found = format!("perf_event_paranoid {level}: perf cannot look into a slow run");
            Check::warn(what, found, Remedy::command("sudo sysctl -w kernel.perf_event_paranoid=1"))
        }
        Ok(level) => Check::fine(what, format!("usable (perf_event_paranoid {level})")),
    }
}
