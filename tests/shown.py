"""What a figure shows at a setting; what is not set is as at the start."""

import numpy as np

from implicitbias.explore import Figure


def at(figure: Figure, name: str, **state) -> np.ndarray:
    """A part of an array, which has to be there."""
    found = figure.at(name, figure.complete(state))
    assert found is not None
    return found


def value(figure: Figure, name: str, **state) -> float:
    """The same of a part that is one number."""
    return float(at(figure, name, **state))
