"""How long to wait before something that failed is tried again."""

from typing import Final

MOST_DOUBLINGS: Final = 40
"""More than any limit needs, and few enough that no number overflows."""


def seconds(failures: int, *, first: float, longest: float) -> float:
    """Seconds to wait after the nth failure in a row: `first`, doubled after each further one, at most `longest`.

    Example: with `first` 1 and `longest` 3600 it is 1, 2, 4 … 2048, and 3600 from the 13th failure on.
    """
    return min(first * 2.0 ** max(0, min(failures - 1, MOST_DOUBLINGS)), longest)
