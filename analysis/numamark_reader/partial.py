"""A run directory without run.json: what its parts give, in the shape of run.json. Nothing is written."""

import json
import socket

from .derive import derived
from .error import RunError
from .judged import Between, Judged


def document_of(run, header):
    """run.json as far as the parts have it; a judgement of statistics, which this reader does not derive, is None."""
    if not any(run.rounds(case["id"]) for case in header["planned"]):
        raise RunError(f"{run.path}: {_sentence(run.path, header)}, and no repetition is complete")
    known = _without_judgements(derived(run))
    return {**header, "elapsed_s": None, "partial": state(run.path, header), **known}


def state(path, header):
    """The state of the run and the reason, as `numamark report` tells them."""
    if _is_held(path / "parts" / "token"):
        return {"state": "running", "why": None}
    live = _live(path)
    if live.get("state") in ("stopped", "failed"):
        return {"state": live["state"], "why": live.get("why")}
    hosts = header.get("hosts") or [None]
    here = socket.gethostname() == hosts[0]
    return {"state": "died" if here else "unknown", "why": None if here else hosts[0]}


def _sentence(path, header):
    found = state(path, header)
    return f"{found['state']} ({found['why']})" if found["why"] else found["state"]


def _live(path):
    """live.json, or nothing where it cannot be read."""
    try:
        live = json.loads((path / "live.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return live if isinstance(live, dict) else {}


def _is_held(token):
    """True when rank 0 of a run that is going on holds the lock; False also where there are no locks."""
    try:
        import fcntl  # not on every system

        with token.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except (ImportError, OSError):
        return False
    return False


def _without_judgements(value):
    if isinstance(value, (Judged, Between)):
        return None
    if isinstance(value, dict):
        return {name: _without_judgements(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_without_judgements(each) for each in value]
    return value
