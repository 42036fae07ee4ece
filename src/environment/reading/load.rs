//! Other load on the host, from two snapshots of the kernel's tick counters.

use std::collections::BTreeMap;

use super::super::probe::Probe;

/// The kernel's counters at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Snapshot {
    /// Ticks of each online PU: all, busy, and stolen.
    pus: Vec<Ticks>,
    /// Name and ticks of each process.
    processes: BTreeMap<u32, (String, u64)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Ticks {
    all: u64,
    busy: u64,
    stolen: u64,
}

/// Load between two snapshots, while numamark itself slept.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    /// Number of observed PUs.
    pub pus: usize,
    /// Average number of busy PUs: 0.5 is one PU busy half of the time.
    pub busy: f64,
    /// Average number of PUs that the hypervisor gave to others.
    pub stolen: f64,
    /// The kernel's load average of the last minute.
    pub average: Option<f64>,
    /// Busiest processes, each with its id, its name and its average number of busy PUs; the busiest first.
    pub busiest: Vec<(u32, String, f64)>,
}

/// Largest number of processes in the report.
const NAMED: usize = 2;
/// Smallest share of a PU for which a process is named.
const WORTH_NAMING: f64 = 0.05;

impl Snapshot {
    pub(super) fn take(probe: &Probe) -> Result<Snapshot, String> {
        let stat = probe.known("proc/stat")?;
        let pus: Vec<Ticks> = stat.lines().filter_map(of_pu).collect();
        if pus.is_empty() {
            return Err("/proc/stat lists no PU".to_owned());
        }
        Ok(Snapshot { pus, processes: processes(probe) })
    }
}

impl Load {
    /// `None` when no tick lies between the two snapshots, or the number of PUs changed.
    pub(super) fn between(before: &Snapshot, after: &Snapshot, average: Option<f64>) -> Option<Load> {
        if before.pus.len() != after.pus.len() {
            return None;
        }
        let deltas: Vec<Ticks> = before.pus.iter().zip(&after.pus).map(|(a, b)| b.since(a)).collect();
        let longest = deltas.iter().map(|delta| delta.all).max().filter(|ticks| *ticks > 0)? as f64;
        let sum = |of: fn(&Ticks) -> u64| deltas.iter().map(of).sum::<u64>() as f64 / longest;
        let mut busiest: Vec<(u32, String, f64)> = after
            .processes
            .iter()
            .filter(|(id, _)| **id != std::process::id())
            .map(|(id, (name, ticks))| {
                let earlier = before.processes.get(id).map_or(0, |(_, ticks)| *ticks);
                (*id, name.clone(), ticks.saturating_sub(earlier) as f64 / longest)
            })
            .filter(|(_, _, pus)| *pus >= WORTH_NAMING)
            .collect();
        busiest.sort_by(|a, b| b.2.total_cmp(&a.2));
        busiest.truncate(NAMED);
        Some(Load {
            pus: deltas.len(),
            busy: sum(|delta| delta.busy),
            stolen: sum(|delta| delta.stolen),
            average,
            busiest,
        })
    }
}

impl Ticks {
    fn since(&self, earlier: &Ticks) -> Ticks {
        Ticks {
            all: self.all.saturating_sub(earlier.all),
            busy: self.busy.saturating_sub(earlier.busy),
            stolen: self.stolen.saturating_sub(earlier.stolen),
        }
    }
}

/// Parses `cpu3 USER NICE SYSTEM IDLE IOWAIT IRQ SOFTIRQ STEAL GUEST GUEST_NICE`. USER already includes the guest
/// ticks.
fn of_pu(line: &str) -> Option<Ticks> {
    let mut words = line.split_whitespace();
    words.next()?.strip_prefix("cpu")?.parse::<u32>().ok()?;
    let ticks: Vec<u64> = words.take(8).map(|word| word.parse().unwrap_or(0)).collect();
    let [user, nice, system, idle, iowait, irq, softirq] = *ticks.first_chunk()?;
    let stolen = ticks.get(7).copied().unwrap_or(0);
    let busy = user + nice + system + irq + softirq;
    Some(Ticks { all: busy + idle + iowait + stolen, busy, stolen })
}

fn processes(probe: &Probe) -> BTreeMap<u32, (String, u64)> {
    let entries = std::fs::read_dir(probe.root().join("proc")).into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let of = |id| Some((id, of_process(&probe.peek(&format!("proc/{id}/stat"))?)?));
    ids.filter_map(of).collect()
}

/// Parses `1234 (name) S ..` into the name, which may contain blanks and brackets, and the ticks in user and
/// system mode.
fn of_process(line: &str) -> Option<(String, u64)> {
    let (_, rest) = line.split_once('(')?;
    let (name, rest) = rest.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some((name.to_owned(), user + system))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(pus: &[&str], processes: &[&str]) -> Snapshot {
        let of = |line: &&str| {
            (line.split(' ').next().expect("id").parse().expect("id"), of_process(line).expect("line"))
        };
        Snapshot {
            pus: pus.iter().filter_map(|line| of_pu(line)).collect(),
            processes: processes.iter().map(of).collect(),
        }
    }

    #[test]
    fn what_ran_between_two_looks_is_counted_in_pus() {
        let before = snapshot(
            &["cpu  9 9 9 9 9 9 9 9 9 9", "cpu0 100 0 50 1000 5 0 0 7 0 0", "cpu1 0 0 0 1000 0 0 0 0 0 0"],
            &["7 (a b) c) S 1 1 1 1 1 1 1 1 1 1 10 5 0 0"],
        );
        let after = snapshot(
            &["cpu  9 9 9 9 9 9 9 9 9 9", "cpu0 120 0 55 1015 5 0 0 17 0 0", "cpu1 0 0 0 1050 0 0 0 0 0 0"],
            &["7 (a b) c) S 1 1 1 1 1 1 1 1 1 1 30 10 0 0", "9 (new) S 1 1 1 1 1 1 1 1 1 1 1 0 0 0"],
        );
        let load = Load::between(&before, &after, Some(0.5)).expect("50 ticks lie between");
        assert_eq!((load.pus, load.busy, load.stolen), (2, 0.5, 0.2));
        assert_eq!(load.busiest, [(7, "a b) c".to_owned(), 0.5)], "1 of 50 ticks is not worth naming");
        assert_eq!(Load::between(&before, &before, None), None, "no tick between");
    }
}
