//! Facts about the machine that a benchmark needs, and the pinning of its threads.

use numamark::numa::Topology;

/// The CPUs this process may use, by the kernel's index.
pub fn available_cpus() -> Vec<usize> {
    // SAFETY: an all-zero set is a valid, empty one.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: the set is ours to write and its size is given.
    let failed = unsafe { libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &mut set) };
    assert_eq!(failed, 0, "sched_getaffinity: {}", std::io::Error::last_os_error());
    let limit = usize::try_from(libc::CPU_SETSIZE).expect("a small number");
    // SAFETY: the indices are below the size of the set.
    (0..limit).filter(|cpu| unsafe { libc::CPU_ISSET(*cpu, &set) }).collect()
}

/// Pins the calling thread.
pub fn pin(cpu: usize) {
    // SAFETY: an all-zero set is a valid, empty one, the index is one the kernel gave, and the size is given.
    let failed = unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(cpu, &mut set);
        libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &set)
    };
    assert_eq!(failed, 0, "sched_setaffinity: {}", std::io::Error::last_os_error());
}

/// CPU time of all threads of this process, in seconds.
pub fn process_core_s() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the structure is ours to write.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    assert_eq!(failed, 0, "clock_gettime: {}", std::io::Error::last_os_error());
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// Bytes of the L3 that the workers share, as the program itself finds them; 0 when unknown.
pub fn l3_bytes() -> u64 {
    Topology::of_this_machine().ok().and_then(|topology| topology.l3_bytes()).unwrap_or(0)
}
