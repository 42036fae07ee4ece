"""The rule of trust, on cases made up for it: the same boundaries as in the program's own tests."""

import unittest

from numamark_reader import trust

SOUND = {"dropped": [], "arm": None, "parameters": {}, "limits": None, "total": {"repetitions": 6}}


def metric(value):
    return {"value": value, "values": [value] * 6, "interval": None, "repetitions": 6}


def case(cpu_share, limit_share=0.5, **shares):
    """A case of one rank with these shares of worker time."""
    metrics = {"cpu_share": metric(cpu_share), "limit_share": metric(limit_share), "core_clock_change": metric(0.0)}
    metrics["throughput_bytes_per_s"] = metric(1e9)
    metrics.update({f"{name}_share": metric(value) for name, value in shares.items()})
    rank = {"rank": 0, "cpu_share": cpu_share, "limit_share": limit_share, "limit_share_alone": None, "workers": 2}
    return {**SOUND, "id": "generate", "metrics": metrics, "per_rank": [rank]}


def judged(*cases, violations=0, share=1.0, pus=((0, 1),)):
    places = [{"rank": rank, "host": "n1", "pus": list(own)} for rank, own in enumerate(pus)]
    derived = {"cases": list(cases), "placements": places, "locality": {"share": share}, "violations": violations}
    return trust.of_run({"environment": {"nodes": [1, 2]}, "cases": []}, derived)


def kinds(found):
    return [(one["kind"], one["severe"]) for one in found["findings"]]


class Trust(unittest.TestCase):
    def test_the_bounds_of_the_cpu_share_are_inclusive(self):
        verdicts = [judged(case(share, run_delay=0.1))["verdict"] for share in (0.97, 0.9699, 0.9, 0.8999)]
        self.assertEqual(verdicts, ["sound", "doubtful", "doubtful", "not_trustworthy"])

    def test_the_counter_that_explains_half_of_the_loss_is_the_reason(self):
        for shares, kind in (
            ({"run_delay": 0.74}, "other_programs"),
            ({"run_delay": 0.74, "quota": 0.4}, "quota"),
            ({"run_delay": 0.74, "steal": 0.7}, "stolen"),
            ({"run_delay": 0.01}, "no_cpu"),
        ):
            self.assertEqual(kinds(judged(case(0.25, **shares))), [(kind, True)])
        self.assertEqual(kinds(judged(case(0.25), pus=((0, 1), (1, 2)))), [("shared_by_ranks", True)])

    def test_without_its_cpus_a_case_claims_no_limit(self):
        withheld = trust.withhold_limits(case(0.25))
        self.assertIsNone(withheld["metrics"]["limit_share"]["value"])
        self.assertEqual(withheld["metrics"]["limit_share"]["values"], [0.5] * 6, "what was measured stays")
        self.assertIsNone(withheld["per_rank"][0]["limit_share"])
        self.assertEqual(trust.withhold_limits(case(0.9)), case(0.9))

    def test_the_worst_comes_first_and_decides(self):
        found = judged(case(0.99, limit_share=1.2), violations=3, share=0.5)
        self.assertEqual(
            kinds(found), [("violations", True), ("remote_memory", False), ("limit_exceeded", False)]
        )
        self.assertEqual((found["verdict"], found["trustworthy"]), ("not_trustworthy", 0.0))
        self.assertEqual(judged(case(1.0), share=None)["verdict"], "doubtful", "the nodes of the memory are not known")
