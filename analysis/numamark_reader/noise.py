"""Noise of a repetition: the noise of a rank is that of its workers together."""

SUMMED = (
    *("involuntary_switches", "voluntary_switches", "minor_faults", "major_faults"),
    *("migrations", "run_delay_ns"),
)


def of_workers(workers):
    """The values of a rank's record that follow from its workers; none for a rank without workers."""
    if not workers:
        return {}
    changes = [change for worker in workers if (change := core_clock_change(worker)) is not None]
    probes = [min(worker["probe_before_ns"], worker["probe_after_ns"]) for worker in workers]
    return {
        **{name: _sum([worker[name] for worker in workers]) for name in SUMMED},
        "cpu_share_min": min((share for worker in workers if (share := cpu_share(worker)) is not None), default=None),
        # Of two changes with the same absolute value, the last.
        "core_clock_change": max(reversed(changes), key=abs, default=None),
        "core_probe_ns": max((probe for probe in probes if probe > 0), default=None),
    }


def cpu_share(worker):
    """CPU time over wall time; None when no time passed."""
    return worker["cpu_ns"] / worker["wall_ns"] if worker["wall_ns"] > 0 else None


def core_clock_change(worker):
    """Change of the core clock: below 0 when it fell; None when it was not probed."""
    after = worker["probe_after_ns"]
    return worker["probe_before_ns"] / after - 1.0 if after > 0 else None


def _sum(counts):
    """The sum, or None when one value is unknown."""
    return None if None in counts else sum(counts)
