"""The limits of a case by node, socket and host, and the share of them that it reached."""

from . import figures, limits
from .figures import median


def of_case(run, case_id, rounds, kept):
    """As run.json has it; None for a case of which no limit was measured. `kept` are the rounds that count."""
    if limits.fastest(kept, median) is None:
        return None
    sockets, hosts = {}, {}
    for part in run.parts:
        host, package = part.begin["host"], part.begin["package"]
        hosts.setdefault(host, []).append(part.rank)
        if package is not None:
            sockets.setdefault((host, package), []).append(part.rank)
    return {
        "nodes": [_node(part, case_id, rounds, kept) for part in run.parts],
        "sockets": [_group(*place, sockets[place], kept) for place in sorted(sockets)],
        "hosts": [_group(host, None, hosts[host], kept) for host in sorted(hosts)],
        **_drift(run, case_id),
    }


def _group(host, package, ranks, kept):
    own = [[records[rank] for rank in ranks] for records in kept]
    kernel = limits.fastest(own, median)
    return {
        "host": host,
        "package": package,
        "ranks": ranks,
        "write_bytes_per_s": kernel and _rate(own, kernel),
        "triad_bytes_per_s": _rate(own, "triad"),
        "write_alone_bytes_per_s": None,
        "triad_alone_bytes_per_s": None,
        "share": kernel and median(figures.limit_shares(own)),
        "share_alone": None,
    }


def _node(part, case_id, rounds, kept):
    # What was measured alone stands in the first repetition, whether that counts or not.
    records = [ranks[part.rank] for ranks in rounds]
    write = limits.alone(records, part.end, case_id, limits.STORES)
    rate = median([figures.of_repetition("bytes", [ranks[part.rank]])["throughput_bytes_per_s"] for ranks in kept])
    return {
        **_group(part.begin["host"], part.begin["package"], [part.rank], kept),
        "write_alone_bytes_per_s": write,
        "triad_alone_bytes_per_s": limits.alone(records, part.end, case_id, ["triad"]),
        "share_alone": None if rate is None or write is None else rate / write,
    }


def _rate(own, kernel):
    return median([limits.with_all(ranks, kernel) for ranks in own])


def _drift(run, case_id):
    """Taken from run.json: the rule is not written a second time."""
    cases = [case for case in run.document.get("cases", []) if case["id"] == case_id]
    stored = (cases[0]["limits"] if cases else None) or {}
    return {name: stored[name] for name in ("drift", "drifted") if name in stored}
