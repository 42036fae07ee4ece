"""The arms of a run, side by side: the pairs of every comparison and the median of either side.

Effects and their certainty are judged by statistics, which only `numamark verify` derives again.
"""

from . import figures
from .dropping import dropped
from .judged import JUDGED
from .metrics import METRICS, Facts
from .middle import median
from .strata import distribution, quantity

BASE, BASE_AGAIN = "base", "base-again"
#: The difference below which arms count as equal.
DIFFERENCE = 0.02
#: The metrics that arms are compared by, by the measure of the case. A quantile covers all ranks together.
QUANTITIES = {
    "bytes": ("throughput_bytes_per_s", "core_seconds_per_gib", "refill_share", "chunk_ns.p99", "refill_ns.p99"),
    "operations": ("operations_per_s", "core_ns_per_operation", "refill_share", "refill_ns.p99", "latency_ns.p99"),
}
#: What only open loops have; a row only where both arms have it.
OPTIONAL = ("latency_ns.p99",)
QUANTILE = Facts("ns", "lower", "A quantile of a distribution of durations.")
JUDGEMENTS = (
    *("ratio", "interval", "scope", "replicated", "replicates", "replicates_needed", "smallest_detectable"),
    *("p", "p_adjusted", "p_signed_rank", "floor", "verdict"),
)


def comparisons(run):
    """Every arm against the base, in every case that they have in common, one row a quantity."""
    planned = run.document["planned"]
    rows = []
    for base in planned:
        others = [case for case in planned if case.get("arm") and case["compared_as"] == base.get("compared_as")]
        if base.get("arm") == BASE:
            rows += [row for case in others if case["arm"] != BASE for row in _rows(run, base, case)]
    return rows


def _rows(run, base, candidate):
    gone = {number for case in (base, candidate) for number in dropped(run)[case["id"]]}
    for name in QUANTITIES[base["measure"]]:
        of_all, facts = name not in METRICS, METRICS.get(name, QUANTILE)
        ours, theirs = (_values(run, case["id"], name, of_all, gone) for case in (base, candidate))
        both = sorted(ours.keys() & theirs.keys())
        if name in OPTIONAL and not both:
            continue
        yield {
            "case": base["compared_as"],
            "workload": base["workload"],
            "base": BASE,
            "candidate": candidate["arm"],
            "same": candidate["arm"] == BASE_AGAIN,
            "metric": name,
            "unit": facts.unit,
            "better": facts.better,
            "base_value": median([ours[place] for place in both]),
            "candidate_value": median([theirs[place] for place in both]),
            "hosts": len({run.parts[rank].begin["host"] if not of_all else None for rank, _ in both}),
            "nodes": len({rank for rank, _ in both}),
            "rounds": len({number for _, number in both}),
            "runs": 1,
            "pairs": len(both),
            "difference": DIFFERENCE,
            **dict.fromkeys(JUDGEMENTS, JUDGED),
        }


def _values(run, case_id, name, of_all, gone):
    """By rank and round; ratios need values above 0. A value of all ranks together stands at rank 0."""
    found = {}
    for records in run.rounds(case_id):
        number = records[0]["round"]
        if number not in gone:
            of_ranks = [records] if of_all else [[record] for record in records]
            found.update(((rank, number), _value(ranks, name, of_all)) for rank, ranks in enumerate(of_ranks))
    return {place: value for place, value in found.items() if value is not None and value > 0}


def _value(records, name, of_all):
    if not of_all:
        return figures.FIGURES[name](records)
    histogram = name.rpartition(".")[0]
    recorded = any(histogram in (own, quantity(own)) for record in records for own in record["histograms"])
    quantile = distribution(records, histogram).quantile(0.99) if recorded else None
    return None if quantile is None else float(quantile)
