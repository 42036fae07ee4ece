//! What the benchmark needs of the machine: pinned threads, CPU time, memory to write to, the size of the L3.

use std::mem::MaybeUninit;

use numamark::numa::Reservation;

/// Memory that is written again and again: huge pages where the system has them, as a run has.
pub struct Memory(Reservation);

impl Memory {
    pub fn of(bytes: usize) -> Memory {
        Memory(Reservation::new(bytes).expect("address space for the largest chunk"))
    }

    pub fn bytes(&mut self) -> &mut [MaybeUninit<u8>] {
        let Memory(reservation) = self;
        // SAFETY: the reservation is ours alone and this long, and the borrow ends before it does.
        unsafe { std::slice::from_raw_parts_mut(reservation.base().as_ptr().cast(), reservation.bytes()) }
    }
}

/// Memory that every arm of this benchmark has written before.
pub fn as_written(memory: &mut [MaybeUninit<u8>]) -> &mut [u8] {
    // SAFETY: `populate` wrote every byte before anybody came here, and nobody can unwrite one.
    unsafe { &mut *(std::ptr::from_mut(memory) as *mut [u8]) }
}

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

/// Pins the calling thread to the CPU of this worker.
pub fn pin(index: usize) {
    let cpus = available_cpus();
    // SAFETY: an all-zero set is a valid, empty one, the index is one the kernel gave, and the size is given.
    let failed = unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(cpus[index], &mut set);
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

/// The last-level cache of CPU 0; 0 where the kernel does not say.
pub fn l3_bytes() -> u64 {
    let text = std::fs::read_to_string("/sys/devices/system/cpu/cpu0/cache/index3/size").unwrap_or_default();
    text.trim().strip_suffix('K').and_then(|kibibytes| kibibytes.parse::<u64>().ok()).unwrap_or(0) << 10
}
