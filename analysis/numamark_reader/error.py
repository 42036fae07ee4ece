"""What goes wrong with a run directory."""


class RunError(Exception):
    """Not a run directory, or a damaged one; says which file, and which line."""
