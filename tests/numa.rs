//! Binding and its proof on the machine that runs the test: a laptop has one node, so some laws need a NUMA machine. A
//! law that the machine cannot test is skipped, with the reason.

use std::sync::Barrier;

use numamark::numa::{
    Bind, Node, NodeId, PageCounts, Placement, PlacementRequest, PuSet, Reservation, SAMPLE_PAGES, Topology,
    affinity, bind_rank_thread, bind_thread, locality, place_all,
};

const BYTES: usize = 8 << 20;

/// At least two allowed nodes with CPUs; otherwise prints the reason and returns `None`.
fn several_nodes() -> Option<(Topology, Vec<Node>)> {
    let topology = Topology::of_this_machine().expect("this machine");
    let mask = affinity().expect("mask");
    let nodes: Vec<Node> =
        topology.usable_nodes().filter(|node| node.pu_set().intersects(&mask)).cloned().collect();
    if nodes.len() < 2 {
        eprintln!("skipped: {} allowed NUMA node(s) with CPUs, and two are needed", nodes.len());
        return None;
    }
    Some((topology, nodes))
}

fn touched(topology: &Topology, bind_to: Option<NodeId>) -> Reservation {
    let memory = Reservation::new(BYTES).expect("8 MiB");
    if let Some(node) = bind_to {
        memory.bind(topology, node).expect("a usable node");
    }
    // SAFETY: the whole of a live reservation that nobody else knows.
    unsafe { memory.base().as_ptr().write_bytes(0x5a, memory.bytes()) };
    memory
}

fn seen_from(topology: &Topology, memory: &Reservation, node: NodeId) -> PageCounts {
    locality(topology, memory.base().as_ptr(), memory.bytes(), node, SAMPLE_PAGES)
}

fn requests(count: usize) -> Vec<PlacementRequest> {
    let count = u32::try_from(count).expect("few ranks");
    PlacementRequest::alike(0..count, Bind::Numa, false, &affinity().expect("mask"))
}

/// The PU that this thread last ran on, as the kernel reports it, not from the thread's mask.
fn running_on() -> u32 {
    let stat = std::fs::read_to_string("/proc/thread-self/stat").expect("procfs");
    let after_name = stat.rsplit_once(')').expect("the name is in brackets").1;
    after_name.split_whitespace().nth(36).expect("field 39").parse().expect("a PU")
}

#[test]
fn memory_bound_to_a_node_is_local_there_and_remote_from_every_other() {
    let Some((topology, nodes)) = several_nodes() else { return };
    for own in &nodes {
        let memory = touched(&topology, Some(own.id()));
        for other in &nodes {
            let seen = seen_from(&topology, &memory, other.id());
            let pages = (BYTES / 4096) as u64;
            let expected = if own.index == other.index { (pages, 0) } else { (0, pages) };
            assert_eq!(
                (seen.local_pages, seen.remote_pages),
                expected,
                "node {} from {}",
                own.index,
                other.index
            );
        }
    }
    println!("memory of {} nodes, each seen from each", nodes.len());
}

/// The share of the pages with memory behind them that are local; `None` when there are none.
fn local_share(seen: &PageCounts) -> Option<f64> {
    let present = seen.local_pages + seen.remote_pages;
    (present > 0).then(|| seen.local_pages as f64 / present as f64)
}

/// The worker runs on one node and the memory is bound to another: the binding decides, not the first touch.
#[test]
fn bound_memory_stays_on_its_node_when_another_node_touches_it_first() {
    let Some((topology, nodes)) = several_nodes() else { return };
    let (home, away) = (&nodes[0], &nodes[nodes.len() - 1]);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            bind_thread(&topology, away.pus()[0]).expect("an allowed PU");
            let bound = touched(&topology, Some(home.id()));
            let unbound = touched(&topology, None);
            assert_eq!(local_share(&seen_from(&topology, &bound, home.id())), Some(1.0));
            assert_eq!(
                local_share(&seen_from(&topology, &unbound, home.id())),
                Some(0.0),
                "first touch is away"
            );
        });
    });
}

#[test]
fn pages_touched_before_they_are_bound_are_an_error() {
    let Some((topology, nodes)) = several_nodes() else { return };
    let memory = touched(&topology, Some(nodes[0].id()));
    let message = memory.bind(&topology, nodes[1].id()).expect_err("they are elsewhere").to_string();
    assert!(message.contains("touched before they were bound"), "{message}");
}

/// One rank per node, all at once, each with one worker per PU, as a run without a launcher does it.
#[test]
fn ranks_that_are_threads_run_on_their_nodes_and_their_memory_is_local() {
    let topology = Topology::of_this_machine().expect("this machine");
    let mask = affinity().expect("mask");
    let count = topology.usable_nodes().filter(|node| node.pu_set().intersects(&mask)).count();
    let placements = place_all(&topology, &requests(count)).expect("one rank per node");
    let all_bound = Barrier::new(count);
    std::thread::scope(|scope| {
        for placement in &placements {
            let (topology, all_bound) = (&topology, &all_bound);
            scope.spawn(move || one_rank(topology, placement, all_bound));
        }
    });
    println!("{count} rank(s): {}", placements[count - 1]);
}

fn one_rank(topology: &Topology, placement: &Placement, all_bound: &Barrier) {
    bind_rank_thread(topology, placement).expect("its node");
    all_bound.wait();
    let pus: PuSet = placement.pus.iter().copied().collect();
    assert!(pus.contains(running_on()), "rank {} runs on {}", placement.rank, running_on());
    std::thread::scope(|scope| {
        for pu in &placement.pus {
            scope.spawn(move || {
                bind_thread(topology, *pu).expect("a PU of the node");
                assert_eq!(running_on(), *pu);
            });
        }
    });
    let node = placement.node.expect("bound");
    let memory = touched(topology, Some(node));
    let seen = seen_from(topology, &memory, node);
    match seen.unverified {
        Some(why) => eprintln!("rank {}: unverified: {why}", placement.rank),
        None => assert_eq!(local_share(&seen), Some(1.0), "rank {}: {seen:?}", placement.rank),
    }
}

#[test]
fn one_rank_more_than_nodes_is_refused() {
    let topology = Topology::of_this_machine().expect("this machine");
    let count = topology.usable_nodes().count();
    let message = place_all(&topology, &requests(count + 1)).expect_err("no node left").to_string();
    assert!(message.contains(&format!("{} of {} on its host", count + 1, count + 1)), "{message}");
}

/// Applies the effect of Docker's default filter to one thread: the kernel refuses the calls.
#[test]
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
fn a_kernel_that_forbids_binding_is_an_error_only_with_several_nodes() {
    let topology = Topology::of_this_machine().expect("this machine");
    if !topology.knows_nodes() {
        eprintln!("skipped: without hwloc there is nothing to bind");
        return;
    }
    let node = topology.usable_nodes().next().expect("a usable node").id();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            if let Err(why) = forbid::memory_calls() {
                eprintln!("skipped: no seccomp here: {why}");
                return;
            }
            let memory = Reservation::new(BYTES).expect("8 MiB");
            let outcome = memory.bind(&topology, node);
            match topology.nodes().len() {
                1 => outcome.expect("there is nowhere else"),
                _ => {
                    let message = outcome.expect_err("forbidden").to_string();
                    assert!(message.contains("--cap-add SYS_NICE"), "{message}");
                }
            }
            bind_thread(&topology, topology.nodes()[node.index as usize].pus()[0]).expect("allowed");
            // SAFETY: the whole of a live reservation that nobody else knows.
            unsafe { memory.base().as_ptr().write_bytes(1, memory.bytes() / 2) };
            let seen = seen_from(&topology, &memory, node);
            println!("without move_pages: {seen:?}");
            match seen.unverified {
                None => assert_eq!((seen.local_pages, seen.remote_pages), ((BYTES / 2 / 4096) as u64, 0)),
                Some(why) => assert!(why.contains("no numa_maps"), "{why}"),
            }
        });
    });
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod forbid {
    use libc::{
        BPF_ABS, BPF_JEQ, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W, SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO,
        sock_filter, sock_fprog,
    };

    /// Makes the kernel answer EPERM to mbind, get_mempolicy and move_pages of this thread until the thread ends.
    pub fn memory_calls() -> std::io::Result<()> {
        let statement = |code: u32, k: u32| sock_filter { code: code as u16, jt: 0, jf: 0, k };
        let jump_if = |call: libc::c_long, jt: u8| sock_filter {
            code: (BPF_JMP | BPF_JEQ | BPF_K) as u16,
            jt,
            jf: 0,
            k: u32::try_from(call).expect("system calls have small numbers"),
        };
        let mut program = [
            statement(BPF_LD | BPF_W | BPF_ABS, 0),
            jump_if(libc::SYS_mbind, 3),
            jump_if(libc::SYS_get_mempolicy, 2),
            jump_if(libc::SYS_move_pages, 1),
            statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
            statement(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | libc::EPERM as u32),
        ];
        let filter = sock_fprog { len: program.len() as u16, filter: program.as_mut_ptr() };
        // SAFETY: the filter is readable while the kernel copies it; it concerns this thread only and can only refuse.
        let outcome = unsafe {
            match libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) {
                0 => libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const filter),
                refused => refused,
            }
        };
        if outcome == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
    }
}
