//! Records of a made-up machine and of the machine that runs the tests.

use super::probe::parse_list;
use super::*;
use crate::made_up::Files;

fn facts() -> Facts {
    Facts {
        clock_source: "time stamp counter".to_owned(),
        clock_step_ns: 1.0,
        clock_read_ns: 20.0,
        mpi_library: Ok("Open MPI v4.1.4, package: Debian\nsecond line".to_owned()),
    }
}

/// A dual-node machine with two cores of two threads per node, one L3 per node, and memory without CPUs.
const MACHINE: [(&str, &str); 25] = [
    ("proc/cpuinfo", "processor\t: 0\nmodel name\t: Made-up 9000\nflags\t\t: fpu avx2 avx512f\n"),
    ("proc/meminfo", "MemTotal:       65536 kB\nMemFree:  1 kB\n"),
    ("proc/sys/kernel/osrelease", "6.1.0-18-amd64\n"),
    ("proc/sys/kernel/numa_balancing", "1\n"),
    ("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n"),
    ("sys/kernel/mm/transparent_hugepage/defrag", "always defer defer+madvise [madvise] never\n"),
    ("sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n"),
    ("sys/devices/system/cpu/online", "0-7\n"),
    ("sys/devices/system/cpu/cpu0/topology/thread_siblings_list", "0,4\n"),
    ("sys/devices/system/cpu/cpu1/topology/thread_siblings_list", "1,5\n"),
    ("sys/devices/system/cpu/cpu2/topology/thread_siblings_list", "2,6\n"),
    ("sys/devices/system/cpu/cpu3/topology/thread_siblings_list", "3,7\n"),
    ("sys/devices/system/cpu/cpu4/topology/thread_siblings_list", "0,4\n"),
    ("sys/devices/system/cpu/cpu5/topology/thread_siblings_list", "1,5\n"),
    ("sys/devices/system/cpu/cpu6/topology/thread_siblings_list", "2,6\n"),
    ("sys/devices/system/cpu/cpu7/topology/thread_siblings_list", "3,7\n"),
    ("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance\n"),
    ("sys/devices/system/cpu/cpu3/cpufreq/scaling_governor", "powersave\n"),
    ("sys/devices/system/cpu/cpu0/cache/index3/level", "3\n"),
    ("sys/devices/system/cpu/cpu0/cache/index3/type", "Unified\n"),
    ("sys/devices/system/cpu/cpu0/cache/index3/size", "32768K\n"),
    ("sys/devices/system/cpu/cpu0/cache/index3/shared_cpu_list", "0-1,4-5\n"),
    ("sys/devices/system/node/online", "0,2\n"),
    ("sys/devices/system/node/node0/cpulist", "0-7\n"),
    ("sys/devices/system/node/node0/meminfo", "Node 0 MemTotal:  32768 kB\nNode 0 MemFree:  5 kB\n"),
];

fn made_up(test: &str) -> Environment {
    let files = Files::new(&format!("environment-{test}"), &MACHINE);
    let slurm = |name: &str| (name == "SLURM_JOB_ID").then(|| "4711".to_owned());
    collect_from(Probe::new(&files.root), &facts(), slurm)
}

#[test]
fn every_field_is_read_from_the_file_the_kernel_documents() {
    let found = made_up("fields");
    assert_eq!(found.cpu_model.as_deref(), Some("Made-up 9000"));
    assert_eq!(found.cpu_flags, ["fpu", "avx2", "avx512f"]);
    assert_eq!(
        (found.pus, found.cores, found.smt, found.cores_per_l3),
        (Some(8), Some(4), Some(true), Some(2))
    );
    assert_eq!(found.caches, Caches { l1d_bytes: None, l2_bytes: None, l3_bytes: Some(32 << 20) });
    assert_eq!((found.memory_bytes, found.kernel.as_deref()), (Some(64 << 20), Some("6.1.0-18-amd64")));
    assert_eq!(found.governor.as_deref(), Some("performance, powersave"));
    assert_eq!(found.transparent_huge_pages.as_deref(), Some("madvise"));
    assert_eq!(found.transparent_huge_pages_defrag.as_deref(), Some("madvise"));
    assert_eq!((found.numa_balancing, found.kernel_clock_source.as_deref()), (Some(true), Some("tsc")));
    assert_eq!(found.mpi_library.as_deref(), Some("Open MPI v4.1.4, package: Debian"));
    assert_eq!(found.scheduler_job.as_deref(), Some("Slurm 4711"));
    let node = |os_index, pus: &str, memory_bytes| NodeRecord { os_index, pus: pus.to_owned(), memory_bytes };
    assert_eq!(found.nodes, [node(0, "0-7", Some(32 << 20)), node(2, "", None)]);
}

#[test]
fn what_is_not_there_is_null_with_the_reason() {
    let nothing = collect_from(Probe::new("/nonexistent"), &facts(), |_| None);
    let serde_json::Value::Object(fields) = serde_json::to_value(&nothing).expect("plain data") else {
        panic!("a struct is an object")
    };
    let empty =
        |value: &serde_json::Value| value.is_null() || value.as_array().is_some_and(|list| list.is_empty());
    // A build without features has an empty list, which is a known value.
    for (name, _) in fields.iter().filter(|(name, value)| empty(value) && *name != "build_features") {
        assert!(nothing.unavailable.contains_key(name), "{name} is empty without a reason");
    }
    assert!(nothing.unavailable["kernel"].contains("/proc/sys/kernel/osrelease: No such file"));
    assert!(nothing.unavailable.contains_key("caches"));
}

#[test]
fn a_reason_is_given_only_for_what_is_missing() {
    for environment in [made_up("reasons"), collect(&facts())] {
        let serde_json::Value::Object(fields) = serde_json::to_value(&environment).expect("plain data")
        else {
            panic!("a struct is an object")
        };
        for name in environment.unavailable.keys() {
            let value = fields.get(name).unwrap_or_else(|| panic!("{name} is not a field"));
            let caches = *name == "caches" && environment.caches == Caches::default();
            let empty = value.is_null() || value.as_array().is_some_and(|list| list.is_empty());
            assert!(empty || caches, "{name} has the value {value} and a reason why it has none");
        }
    }
}

#[test]
fn equal_hosts_do_not_differ_and_different_ones_are_named() {
    let ours = made_up("differences");
    let mut theirs = ours.clone();
    theirs.clock_read_ns += 5.0;
    theirs.memory_bytes = ours.memory_bytes.map(|bytes| bytes - 8192);
    assert_eq!(differences(&ours, "n2", &theirs), [""; 0]);
    theirs.kernel = Some("5.14.0".to_owned());
    theirs.cpu_flags.pop();
    theirs.memory_bytes = ours.memory_bytes.map(|bytes| bytes / 2);
    theirs.nodes.pop();
    let expected = [
        "n2: kernel is 5.14.0, on rank 0's host 6.1.0-18-amd64",
        "n2: cpu_flags do not have avx512f",
        "n2: the nodes or their PUs are not those of rank 0's host",
        "n2: memory_bytes is 33554432, on rank 0's host 67108864",
    ];
    assert_eq!(differences(&ours, "n2", &theirs), expected);
}

#[test]
fn lists_of_the_kernel_are_read_and_nonsense_is_not() {
    assert_eq!(parse_list("0-3,8,10-11\n"), Some(vec![0, 1, 2, 3, 8, 10, 11]));
    assert_eq!(parse_list("\n"), Some(vec![]));
    for nonsense in ["3-1", "a", "0-4294967295", "1--2", "-1"] {
        assert_eq!(parse_list(nonsense), None, "{nonsense}");
    }
}
