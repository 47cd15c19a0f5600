"""Least squares with signs, kept solved while the columns that may be used change."""

import numpy as np
from scipy.linalg import qr, qr_delete, qr_insert, solve_triangular

_ROUNDING = 1e-11  # of a product of norms: what is smaller is taken for zero


class SignedLeastSquares:
    r"""The w that minimises :math:`\|Xw - y\|` among those with given signs.

    The method of Lawson and Hanson 1974, chapter 23, from one solution to the next: of the columns
    in use a QR factorisation is kept, which a column that comes or goes changes in O(n^2).
    """

    def __init__(self, X: np.ndarray, y: np.ndarray) -> None:
        self.X, self.y = X, y
        self.used: list[int] = []  # the columns of weights that are not zero
        self.residual = y
        self.zero = _ROUNDING * np.linalg.norm(X, axis=0) * np.linalg.norm(y)  # of X'residual
        self._on = np.zeros(0)  # the weights of the columns in use
        self._q, self._r = np.eye(len(y)), np.zeros((len(y), 0))

    @property
    def weights(self) -> np.ndarray:
        w = np.zeros(self.X.shape[1])
        w[self.used] = self._on
        return w

    def settle(self, signs: np.ndarray) -> None:
        """Solve with `signs`: -1 or +1 where a weight may have that sign, 0 where it must be zero.

        The last solution must have signs that are still allowed.
        """
        open_to = np.flatnonzero(signs)
        refused: set[int] = set()
        while True:
            gain = signs[open_to] * (self.residual @ self.X[:, open_to]) - self.zero[open_to]
            gain[np.isin(open_to, [*self.used, *refused])] = -1
            if len(gain) == 0 or gain.max() <= 0:
                return
            entering = int(open_to[gain.argmax()])
            self._enter(entering)
            self._leave_wrong(signs)
            self.residual = self.y - self.X[:, self.used] @ self._on
            if entering not in self.used:  # its gain was rounding
                refused.add(entering)

    def _enter(self, column: int) -> None:
        if self.used:
            self._q, self._r = qr_insert(
                self._q, self._r, self.X[:, column], len(self.used), "col", check_finite=False
            )
        else:
            self._q, self._r = qr(self.X[:, [column]], check_finite=False)
        self.used.append(column)
        self._on = np.append(self._on, 0.0)

    def _leave_wrong(self, signs: np.ndarray) -> None:
        """Go to the least squares solution, dropping the weights that would change sign first."""
        while self.used:
            goal = self._solution()
            own = signs[self.used]
            wrong = own * goal <= 0
            if not wrong.any():
                self._on = goal
                return
            shares = self._on[wrong] / (self._on - goal)[wrong]
            self._on = self._on + shares.min() * (goal - self._on)
            out = wrong & (own * self._on <= 1e-14 * np.abs(self._on).max())
            out[np.flatnonzero(wrong)[shares.argmin()]] = True
            for k in np.flatnonzero(out)[::-1]:
                self._q, self._r = qr_delete(self._q, self._r, k, 1, "col", check_finite=False)
                del self.used[k]
            self._on = self._on[~out]

    def _solution(self) -> np.ndarray:
        p = len(self.used)
        q, r = self._q[:, :p], self._r[:p]
        columns = self.X[:, self.used]
        once = solve_triangular(r, self.y @ q, check_finite=False)
        # Once more, on what is left: the factors were changed many times.
        return once + solve_triangular(r, (self.y - columns @ once) @ q, check_finite=False)

    def undetermined(self, signs: np.ndarray) -> list[int]:
        """Columns that could share the weights of the solution without changing the predictions.

        Unused columns that may be used, and whose use would neither gain nor lose, if they depend
        on each other and on those in use.
        """
        unused = np.setdiff1d(np.flatnonzero(signs), self.used)
        idle = unused[np.abs(self.residual @ self.X[:, unused]) <= self.zero[unused]]
        lengths = np.linalg.norm(self.X[:, idle], axis=0)
        outside = self.X[:, idle] / lengths
        basis = self._q[:, : len(self.used)]
        outside = outside - basis @ (basis.T @ outside)
        free = np.linalg.matrix_rank(outside, tol=1e-9) == len(idle) if len(idle) else True
        return [] if free else idle.tolist()
