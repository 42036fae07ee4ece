"""Every metric of numamark: its unit, which way it is better, and one sentence about it.

Written by `make metrics` from src/metric/; not to be edited.
"""

from typing import NamedTuple, Optional


class Facts(NamedTuple):
    """Everything that is known of a metric before anything is measured."""

    unit: str
    #: "higher" or "lower"; None where neither is better.
    better: Optional[str]
    about: str


#: The metrics of a case, with one value per repetition.
METRICS = {
    "throughput_bytes_per_s": Facts("bytes/s", "higher", "Bytes generated per second by all ranks."),
    "slowest_rank_throughput_bytes_per_s": Facts("bytes/s", "higher", "Bytes generated per second by the slowest rank."),
    "operations_per_s": Facts("operations/s", "higher", "Allocations and frees per second by all ranks."),
    "slowest_rank_operations_per_s": Facts("operations/s", "higher", "Allocations and frees per second by the slowest rank."),
    "core_seconds_per_gib": Facts("s/GiB", "lower", "CPU time of the workers per GiB of data."),
    "core_ns_per_operation": Facts("ns", "lower", "CPU time of the workers per operation."),
    "cpu_share": Facts("share", "higher", "Share of worker time in which the workers had a CPU."),
    "refill_share": Facts("share", "lower", "Share of worker time spent in refills."),
    "locality": Facts("share", "higher", "Share of the arena's pages that are on the rank's own node."),
    "limit_share": Facts("share", "higher", "Throughput over the limit that plain stores reach on the same pages and cores."),
    "slowest_rank_limit_share": Facts("share", "higher", "Throughput of the slowest rank over its limit."),
    "measuring_share": Facts("share", "lower", "Share of worker time spent on measuring."),
    "involuntary_switches": Facts("switches", "lower", "Context switches that took a CPU away from a worker."),
    "run_delay_share": Facts("share", "lower", "Share of worker time spent ready to run and without a CPU."),
    "steal_share": Facts("share", "lower", "Share of worker time that the hypervisor gave to other machines."),
    "quota_share": Facts("share", "lower", "Share of worker time in which a CPU quota stopped the workers."),
    "core_clock_change": Facts("share", None, "Largest change of a core clock over a repetition, up or down."),
    "busy_workers": Facts("workers", None, "Workers that did anything, on the rank with the fewest of them."),
    "dedup_ratio": Facts("ratio", None, "Units of the sample for each distinct one, among the ranks of the scope."),
    "dedup_ratio_across": Facts("ratio", None, "Units distinct within their scope for each distinct one: 1, unless scopes have data in common."),
    "compression_ratio": Facts("ratio", None, "Bytes of the sample before compression for each byte after it, by the codec of the case."),
    "compression_ratio_min": Facts("ratio", None, "Compression ratio of the granule that compressed least."),
    "memory_peak_bytes": Facts("bytes", "lower", "Most bytes of a rank's arena in use at once."),
    "background_cpu_ns": Facts("ns", "lower", "CPU time of the threads that work beside the workers, warm-up included."),
    "stragglers": Facts("nodes", "lower", "Nodes of the run that are slower than the others of their class."),
    "trustworthy": Facts("share", "higher", "Share of the cases with figures that can be believed."),
}

#: The values that samples have of a rank's repetition beside its metrics.
RECORDED = {
    "elapsed_ns": Facts("ns", "lower", "Length of the timed region."),
    "bytes": Facts("bytes", None, "Bytes generated."),
    "operations": Facts("operations", None, "Operations done."),
    "interval_bytes": Facts("bytes", None, "Bytes generated in one interval."),
    "interval_operations": Facts("operations", None, "Operations done in one interval."),
    "worker_ns": Facts("ns", None, "Time of all workers in the timed region."),
    "cpu_ns": Facts("ns", "lower", "CPU time of all workers; unknown where the kernel does not count it."),
    "cpu_share_min": Facts("share", "higher", "Smallest share of the time in which a worker had a CPU."),
    "heap_offset_bytes": Facts("bytes", None, "Place in the arena where the heap of the repetition began."),
    "refills_slow": Facts("refills", "lower", "Refills that reached beyond the own slabs of a cache."),
    "refills_fast": Facts("refills", "lower", "All other refills."),
    "chunk_ns_max": Facts("ns", "lower", "Longest duration of a chunk."),
    "latency_ns_max": Facts("ns", "lower", "Longest latency of an operation in an open loop."),
    "refill_ns_max": Facts("ns", "lower", "Longest duration of a timed refill."),
    "clock_reads": Facts("readings", None, "Readings of the clock by the workers."),
    "records": Facts("records", None, "Values that the workers recorded in histograms."),
    "measuring_ns": Facts("ns", "lower", "Cost of these readings and records."),
    "voluntary_switches": Facts("switches", None, "Context switches by which a worker gave up its CPU."),
    "minor_faults": Facts("faults", "lower", "Page faults that needed no disk."),
    "major_faults": Facts("faults", "lower", "Page faults that needed the disk."),
    "migrations": Facts("migrations", "lower", "Moves of workers to another CPU."),
    "run_delay_ns": Facts("ns", "lower", "Time that workers spent ready to run and without a CPU."),
    "steal_ns": Facts("ns", "lower", "Time that the hypervisor gave to other machines."),
    "throttled_ns": Facts("ns", "lower", "Time that the control group held workers back."),
    "thermal_throttles": Facts("throttles", "lower", "Times that a CPU slowed down because of heat."),
    "pressure_cpu_ns": Facts("ns", "lower", "Time in which tasks of the host waited for a CPU."),
    "pressure_memory_ns": Facts("ns", "lower", "Time in which tasks of the host waited for memory."),
}

#: The distributions that gates can name.
DISTRIBUTIONS = (
    "chunk_ns",
    "latency_ns",
    "refill_ns",
    "refill_stage_ns.find",
    "refill_stage_ns.map",
    "refill_stage_ns.initialise",
    "refill_stage_ns.carve",
    "refill_stage_ns.drain",
)

#: The statistics of a distribution that gates can name.
STATISTICS = (
    "count",
    "min",
    "p50",
    "p90",
    "p99",
    "p999",
    "max",
    "sum",
)
