"""How long to wait before something that failed is tried again."""

import random


def retry_wait_s(failures: int, *, first_s: float = 5, factor: float = 3, most_s: float = 3 * 3600) -> float:
    """Return how many seconds to wait after so many failures: longer each time, up to `most_s`.

    A fifth of it is left to chance, so that what failed together does not come back together.
    """
    # Beyond twenty the power would be larger than any wait, and in the end than a float.
    wait_s = min(first_s * factor ** min(max(failures - 1, 0), 20), most_s)
    return wait_s * random.uniform(0.8, 1.2)  # noqa: S311  # spreads load, protects nothing
