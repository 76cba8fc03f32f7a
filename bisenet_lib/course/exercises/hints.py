"""What the checks of several notebooks share."""

from collections.abc import Mapping

import numpy as np


def numeric_hint(
    answer: float, mistaken: Mapping[float, str | None], general: str, rtol: float = 1e-5
) -> str | None:
    """What to say of a number.

    Args:
        answer: of the learner.
        mistaken: the hint to each usual wrong number; None to a right one.
        general: the hint to any other number.
        rtol: how far an answer may be from a number and count as it, relative to the number.

    Returns:
        The hint; None if the answer is right.
    """
    close = (hint for value, hint in mistaken.items() if np.isclose(answer, value, rtol=rtol))
    return next(close, general)
