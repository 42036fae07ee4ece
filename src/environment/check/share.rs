//! Exclusive use of the host: other load on it, and restrictions on this process.

use crate::environment::check::{Check, Host, Remedy};
use crate::numa::PuSet;
use crate::units::{count, counted};

/// Busy PUs that count as other load: 0.1 PU, plus 0.5 % of all PUs for the kernel's own threads.
const BUSY_ONE: f64 = 0.1;
const BUSY_EACH: f64 = 0.005;
/// Share of CPU time taken by a hypervisor above which it counts as a disturbance.
const STOLEN: f64 = 0.01;

pub(super) fn hypervisor(host: &Host<'_>) -> Check {
    let what = "machine";
    let vendor = host.reading.vendor.as_deref();
    if host.environment.cpu_flags.is_empty() {
        return host.missing(what, "cpu_flags");
    }
    if !host.environment.cpu_flags.iter().any(|flag| flag == "hypervisor") {
        return Check::fine(what, vendor.unwrap_or("not virtual"));
    }
    let of = vendor.map_or(String::new(), |vendor| format!(" of {vendor}"));
    let found = format!("virtual{of}: its neighbours cannot be seen");
    Check::warn(what, found, Remedy::Advice("compare arms of one run, not runs; or use a dedicated host"))
}

pub(super) fn pus(host: &Host<'_>) -> Check {
    let what = "processors";
    let (online, allowed) = match (&host.reading.online, &host.reading.allowed) {
        (Ok(online), Ok(allowed)) => (online, allowed),
        (Err(why), _) | (_, Err(why)) => return Check::unknown(what, why),
    };
    let usable = online.iter().filter(|pu| allowed.contains(pu)).count();
    let nodes = match &host.reading.allowed_nodes {
        Ok(nodes) => format!(", memory of {}", counted(count(nodes.len()), "node")),
        Err(_) => String::new(),
    };
    if usable == online.len() {
        return Check::fine(what, format!("{}, all usable{nodes}", counted(count(usable), "PU")));
    }
    let found = format!(
        "{usable} of {} usable{nodes}: other programs may use the rest",
        counted(count(online.len()), "PU")
    );
    let remedy = match host.in_slurm() {
        true => "sbatch --exclusive --mem=0 JOB.sbatch".to_owned(),
        false => format!("taskset -c {} numamark run JOB.toml", online.iter().copied().collect::<PuSet>()),
    };
    Check::warn(what, found, Remedy::Command(remedy))
}

pub(super) fn quota(host: &Host<'_>) -> Check {
    let what = "CPU quota";
    let limits = match &host.reading.limits {
        Ok(limits) => limits,
        Err(why) => return Check::fine(what, format!("none: {why}")),
    };
    let Some(limit) = &limits.pus else { return Check::fine(what, "none") };
    let usable = host.reading.allowed.as_ref().map_or(f64::INFINITY, |allowed| allowed.len() as f64);
    let found = format!("{} x the CPU time of a PU", round(limit.amount));
    if limit.amount >= usable {
        return Check::fine(what, format!("{found}, enough for all usable PUs"));
    }
    let value = if limit.file.ends_with("cpu.max") { "max" } else { "-1" };
    let found = format!("{found}: workers are stopped when it is used up");
    Check::warn(what, found, Remedy::write(value, &limit.file.display().to_string()))
}

pub(super) fn priority(host: &Host<'_>) -> Check {
    let what = "priority";
    match host.reading.nice {
        Err(ref why) => Check::unknown(what, why),
        Ok(nice) if nice > 0 => {
            let found = format!("nice {nice}: every other program goes first");
            Check::warn(what, found, Remedy::command("sudo renice -n 0 -p $$"))
        }
        Ok(0) => Check::fine(what, "normal"),
        Ok(nice) => Check::fine(what, format!("nice {nice}")),
    }
}

pub(super) fn load(host: &Host<'_>) -> Check {
    let what = "other load";
    let load = match &host.reading.load {
        Ok(load) => load,
        Err(why) => return Check::unknown(what, why),
    };
    let average = load.average.map_or(String::new(), |average| format!("; load average {average}"));
    let mut found = format!("{:.2} of {} PUs busy{average}", load.busy, load.pus);
    if load.busy <= BUSY_ONE + BUSY_EACH * load.pus as f64 {
        return Check::fine(what, found);
    }
    let named = load.busiest.iter().map(|(id, name, pus)| format!("{name} ({id}) {:.0} %", pus * 100.0));
    let named = named.collect::<Vec<_>>().join(", ");
    if !named.is_empty() {
        found += &format!("; busiest: {named}");
    }
    let remedy = match host.in_slurm() {
        true => "sbatch --exclusive JOB.sbatch",
        false => "ps -eo pid,user,pcpu,etime,args --sort=-pcpu | head",
    };
    Check::warn(what, found, Remedy::command(remedy))
}

pub(super) fn stolen(host: &Host<'_>) -> Check {
    let what = "stolen time";
    match &host.reading.load {
        Err(why) => Check::unknown(what, why),
        Ok(load) => {
            let share = load.stolen / load.pus as f64;
            let found = format!("{:.1} % of CPU time went to other virtual machines", share * 100.0);
            match share > STOLEN {
                true => Check::warn(
                    what,
                    found,
                    Remedy::Advice("use a dedicated host, or measure at another time"),
                ),
                false => Check::fine(what, if share == 0.0 { "none".to_owned() } else { found }),
            }
        }
    }
}

fn round(pus: f64) -> String {
    if pus.fract() == 0.0 { format!("{pus:.0}") } else { format!("{pus:.2}") }
}
