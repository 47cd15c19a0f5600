r"""How far a reach has come, and whether it is done: learned from few demonstrations.

Both are estimated from where the hand is and where the target is, seen from the hand, by ridge
regression on D random features

.. math:: \varphi_i(x)=\sqrt{2/D}\,\cos(\langle\omega_i,x\rangle+b_i),\qquad
    \omega_i\sim N(0,\ell^{-2}I),

which is kernel regression with the kernel :math:`\exp(-\lVert x-x'\rVert^2/2\ell^2)`, nearly.
"""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Bool, Float
from scipy.stats import rankdata

from implicitbias import _check

from .episodes import NEAR, Demonstrations

FEATURES, WIDTH, RIDGE = 400, 0.25, 1e-2
"""Of the estimators: D, the width of the kernel, and the ridge."""

HELD = 3
"""For how many moments a demonstration goes on after it is done."""

DONE = NEAR / 2
"""Demonstrations go twice as near as is asked for."""


class Estimator(eqx.Module):
    """A function of random features.

    - `frequencies` "feature d", `phases` "feature": of the cosines.
    - `weights` "feature": what is added up ...
    - `mean`: ... to the mean label.
    """

    frequencies: Float[Array, "feature d"]
    phases: Float[Array, " feature"]
    weights: Float[Array, " feature"]
    mean: Float[Array, ""]

    def features(self, inputs: Float[Array, "... d"]) -> Float[Array, "... feature"]:
        """The cosines."""
        angles = inputs @ self.frequencies.T + self.phases
        return jnp.sqrt(2 / len(self.phases)) * jnp.cos(angles)

    @eqx.filter_jit
    def __call__(self, inputs: Float[Array, "... d"]) -> Float[Array, "..."]:
        """The estimate."""
        return self.mean + self.features(inputs) @ self.weights


def fit_estimator(inputs: ArrayLike, labels: ArrayLike, *, seed: int = 0) -> Estimator:
    r"""Ridge regression on random features of inputs.

    .. math:: \min_w\ \lVert\Phi w-(y-\bar y)\rVert^2+\lambda\lVert w\rVert^2,

    so that far from all inputs the estimate is near the mean label.

    Args:
        inputs: "sample d".
        labels: "sample".
        seed: of the features.

    Raises:
        ValueError: no samples, or not a label for each.

    Example:
        >>> import jax; jax.config.update("jax_enable_x64", True)
        >>> import numpy as np
        >>> import implicitbias as ib
        >>> x = np.linspace(0, 1, 50)[:, None]
        >>> estimator = ib.studies.motion.fit_estimator(x, x[:, 0] ** 2)
        >>> bool(abs(estimator(x) - x[:, 0] ** 2).max() < 0.03)
        True
    """
    X, y = _check.problem(inputs, labels)
    random = np.random.default_rng(seed)
    frequencies = jnp.asarray(random.standard_normal((FEATURES, X.shape[1])) / WIDTH)
    phases = jnp.asarray(2 * np.pi * random.random(FEATURES))
    untrained = Estimator(frequencies, phases, jnp.zeros(FEATURES), y.mean())
    features = untrained.features(X)
    gram = features.T @ features + RIDGE * jnp.eye(FEATURES)
    weights = jnp.linalg.solve(gram, features.T @ (y - y.mean()))
    return Estimator(frequencies, phases, weights, y.mean())


def hand_inputs(hands: ArrayLike, targets: ArrayLike) -> Float[Array, "... time 4"]:
    """What estimators see: where the hand is, and where its target is, seen from there.

    Args:
        hands: "... time 2".
        targets: "... 2".
    """
    hands = jnp.asarray(hands)
    return jnp.concatenate([hands, jnp.asarray(targets)[..., None, :] - hands], axis=-1)


def progress_labels(shown: Demonstrations) -> Float[np.ndarray, "reach time"]:
    """1 less the steps that are still to be made until a demonstration is done, over the most.

    It is 1 from then on, and 0 at the start of the longest demonstration.
    """
    done = (shown.distance < DONE).argmax(axis=1)
    left = np.maximum(0, done[:, None] - np.arange(shown.hands.shape[1]))
    return 1 - left / done.max()


def success_labels(shown: Demonstrations) -> Float[np.ndarray, "reach time"]:
    """1 where a demonstration is done, 0 where it is not."""
    return (shown.distance < DONE).astype(float)


def learn(
    shown: Demonstrations, labels: Float[np.ndarray, "reach time"], *, seed: int = 0, inputs=None
) -> Estimator:
    """An estimator of labels, from the moments until shortly after each demonstration is done.

    Args:
        shown: the demonstrations.
        labels: such as `progress_labels` or `success_labels` of them.
        seed: of the features.
        inputs: "reach time d", what the estimator sees; `hand_inputs` if not given.
    """
    done = (shown.distance < DONE).argmax(axis=1)
    seen = np.arange(labels.shape[1]) <= done[:, None] + HELD
    inputs = hand_inputs(shown.hands, shown.targets) if inputs is None else inputs
    return fit_estimator(np.asarray(inputs)[seen], labels[seen], seed=seed)


def value_order(scores: ArrayLike) -> float:
    """Spearman's rank correlation of scores with their order in time: 1 if they only increase.

    Example:
        >>> import implicitbias as ib
        >>> ib.studies.motion.value_order([0.1, 0.2, 0.9]), ib.studies.motion.value_order([3, 2, 1])
        (1.0, -1.0)
    """
    ranks = rankdata(np.asarray(scores))
    return float(np.corrcoef(ranks, np.arange(len(ranks)))[0, 1].round(12))


def margins(
    scores: Float[np.ndarray, "reach time"], there: Bool[np.ndarray, "reach time"]
) -> tuple[Float[np.ndarray, " reach"], Float[np.ndarray, " reach"]]:
    """The largest score of each reach before it is there, and the largest one after that.

    A detector that says "done" when a score is above a threshold is right about a reach without
    slips if the threshold lies between the two.
    """
    low = np.where(there, -np.inf, scores).max(axis=1)
    high = np.where(there, scores, -np.inf).max(axis=1)
    return low, high


def conformal_threshold(premature: ArrayLike, rank: int = 1) -> float:
    """A threshold that new reaches exceed too early with probability ``rank / (n + 1)`` at most.

    It is the rank-th largest of the n premature scores that held-out reaches had. The bound holds
    for a new reach that is exchangeable with them, exactly if no two scores are equal.

    Args:
        premature: largest scores before the target is reached, of held-out demonstrations.
        rank: k.

    Raises:
        ValueError: a rank that is not between 1 and n.

    Example:
        >>> import implicitbias as ib
        >>> ib.studies.motion.conformal_threshold([0.7, 0.9, 0.8], rank=2)
        0.8
    """
    scores = np.sort(np.asarray(premature, dtype=float))
    if not 1 <= rank <= len(scores):
        raise ValueError(f"rank must lie between 1 and {len(scores)}, found {rank}")
    return float(scores[-rank])
