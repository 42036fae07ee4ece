"""The error for a run directory that cannot be read."""


class RunError(Exception):
    """Not a run directory, or a damaged one; the message names the file and the line."""
