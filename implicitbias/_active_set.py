"""Least squares with signs, kept solved while the columns that may be used change."""

import numpy as np
from scipy.linalg import qr_delete, qr_insert  # pyright: ignore[reportAttributeAccessIssue]
from scipy.linalg.lapack import dtrtrs  # pyright: ignore[reportAttributeAccessIssue]

_ROUNDING = 1e-11  # of a product of norms: what is smaller is taken for zero
_ZERO = 1e-13  # of the largest weight: likewise


class SignedLeastSquares:
    r"""The w that minimises :math:`\|Xw - y\|` among those with given signs.

    The method of Lawson and Hanson 1974, chapter 23, from one solution to the next: of the columns
    in use a QR factorisation is kept, which a column that comes or goes changes in O(n^2).
    """

    def __init__(self, X: np.ndarray, y: np.ndarray) -> None:
        self._columns, self.y = np.ascontiguousarray(X.T), y
        self.used: list[int] = []  # the columns of weights that are not zero
        self.residual = y
        self.zero = _ROUNDING * np.linalg.norm(X, axis=0) * np.linalg.norm(y)  # of X'residual
        self._on = np.zeros(0)  # the weights of the columns in use
        self._q, self._r = np.eye(len(y)), np.zeros((len(y), 0))

    @property
    def weights(self) -> np.ndarray:
        w = np.zeros(len(self._columns))
        w[self.used] = self._on
        return w

    def settle(self, signs: np.ndarray) -> None:
        """Solve with `signs`: -1 or +1 where a weight may have that sign, 0 where it must be zero.

        The last solution must have signs that are still allowed.
        """
        refused: list[int] = []
        while True:
            waiting = self._unused(signs, refused)
            gains = signs[waiting] * self._drives(waiting) - self.zero[waiting]
            if len(gains) == 0 or gains.max() <= 0:
                return
            entering = int(waiting[gains.argmax()])
            self._enter(entering)
            self._leave_wrong(signs)
            self.residual = self.y - self._on @ self._columns[self.used]
            if entering not in self.used:  # its gain was rounding
                refused.append(entering)

    def undetermined(self, signs: np.ndarray) -> list[int]:
        """Columns that could share the weights of the solution without changing the predictions.

        Unused columns that may be used, and whose use would neither gain nor lose, if they depend
        on each other and on those in use.
        """
        waiting = self._unused(signs, [])
        idle = waiting[np.abs(self._drives(waiting)) <= self.zero[waiting]]
        if len(idle) == 0:
            return []
        outside = self._columns[idle] / np.linalg.norm(self._columns[idle], axis=1)[:, None]
        basis = self._q[:, : len(self.used)]
        outside = outside - outside @ basis @ basis.T
        return [] if np.linalg.matrix_rank(outside, tol=1e-9) == len(idle) else idle.tolist()

    def _unused(self, signs: np.ndarray, refused: list[int]) -> np.ndarray:
        free = signs != 0
        free[self.used] = False
        free[refused] = False
        return np.flatnonzero(free)

    def _drives(self, columns: np.ndarray) -> np.ndarray:
        return self._columns[columns] @ self.residual

    def _enter(self, column: int) -> None:
        new = self._columns[column]
        if self.used:
            at = len(self.used)
            self._q, self._r = qr_insert(self._q, self._r, new, at, "col", check_finite=False)
        else:
            self._q, self._r = np.linalg.qr(new[:, None], mode="complete")
        self.used.append(column)
        self._on = np.append(self._on, 0.0)

    def _leave_wrong(self, signs: np.ndarray) -> None:
        """Go to the least squares solution, dropping the weights that would change sign first."""
        while self.used:
            p = len(self.used)
            goal = dtrtrs(self._r[:p], self.y @ self._q[:, :p])[0]
            own = signs[self.used]
            wrong = own * goal <= _ZERO * np.abs(goal).max()
            if not wrong.any():
                self._on = goal
                return
            before = own * self._on
            shares = np.where(wrong, before / np.maximum(before - own * goal, 1e-300), np.inf)
            self._on = self._on + min(1.0, shares.min()) * (goal - self._on)
            out = wrong & (own * self._on <= _ZERO * np.abs(goal).max())
            out[shares.argmin()] = True
            for k in np.flatnonzero(out)[::-1]:
                self._q, self._r = qr_delete(self._q, self._r, k, 1, "col", check_finite=False)
                del self.used[k]
            self._on = self._on[~out]
