r"""Mirror maps (potentials): value, dual map, its inverse, conjugate, Hessian, Bregman divergence.

A potential :math:`\psi` is a strictly convex function of the weights :math:`w \in R^d`. Its
gradient sends weights to dual variables, :math:`z = \nabla\psi(w)`, and the gradient of its
conjugate sends them back. Training that moves in a straight line in the dual picks, among all
interpolators, the one of least Bregman divergence from the start (Gunasekar, Lee, Soudry and
Srebro 2018, arXiv:1802.08246).
"""

from abc import abstractmethod

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Bool, Float

from . import _check, _qexp


def _inside(array: Array, allowed: Bool[Array, "..."], message: str) -> Array:
    """`array`, if all of it is allowed: otherwise a ValueError, now or when the program runs."""
    if _check.is_traced(array, allowed):
        return eqx.error_if(array, ~jnp.all(allowed), message)
    if not bool(jnp.all(allowed)):
        found = float(np.asarray(array)[~np.asarray(allowed)].flat[0])
        raise ValueError(f"{message}, found {found}")
    return array


class Potential(eqx.Module):
    r"""A strictly convex function of the weights, with the maps that come with it.

    Subclasses give `value`, `to_dual`, `to_primal`, `conjugate` and `hessian`. All of them take and
    give float64 arrays of shape "d", and raise `ValueError` outside the domain that they state.
    """

    @abstractmethod
    def value(self, w: Float[ArrayLike, " d"]) -> Float[Array, ""]:
        r""":math:`\psi(w)`."""

    @abstractmethod
    def to_dual(self, w: Float[ArrayLike, " d"]) -> Float[Array, " d"]:
        r""":math:`z = \nabla\psi(w)`."""

    @abstractmethod
    def to_primal(self, z: Float[ArrayLike, " d"]) -> Float[Array, " d"]:
        r""":math:`w = \nabla\psi^*(z)`, the inverse of `to_dual`."""

    @abstractmethod
    def conjugate(self, z: Float[ArrayLike, " d"]) -> Float[Array, ""]:
        r""":math:`\psi^*(z) = \sup_w \langle z,w\rangle - \psi(w)`, infinite out of the domain."""

    @abstractmethod
    def hessian(self, w: Float[ArrayLike, " d"]) -> Float[Array, "d d"]:
        r""":math:`\nabla^2\psi(w)`: the metric tensor of the mirror flow."""

    def bregman(self, w: Float[ArrayLike, " d"], w0: Float[ArrayLike, " d"]) -> Float[Array, ""]:
        r""":math:`D_\psi(w,w_0) = \psi(w) - \psi(w_0) - \langle\nabla\psi(w_0),w-w_0\rangle`."""
        w, w0 = _check.finite_array("w", w, 1), _check.finite_array("w0", w0, 1)
        return self.value(w) - self.value(w0) - jnp.dot(self.to_dual(w0), w - w0)


class SeparablePotential(Potential):
    r"""A potential that is a sum over coordinates, :math:`\psi(w) = \sum_i \psi_i(w_i)`.

    Subclasses give the four functions of one coordinate, elementwise, and the message for weights
    or dual variables outside the domain.
    """

    def value(self, w):
        return jnp.sum(self._value(self._in_primal(w, closed=True)))

    def to_dual(self, w):
        return self._to_dual(self._in_primal(w))

    def to_primal(self, z):
        return self._to_primal(self._in_dual(z))

    def conjugate(self, z):
        return jnp.sum(self._conjugate(_check.finite_array("z", z, 1)))

    def hessian(self, w):
        return jnp.diag(self._curvature(self._in_primal(w)))

    def _in_primal(self, w, closed=False):
        del closed
        return _check.finite_array("w", w, 1)

    def _in_dual(self, z):
        return _check.finite_array("z", z, 1)

    @abstractmethod
    def _value(self, w) -> Array: ...

    @abstractmethod
    def _to_dual(self, w) -> Array: ...

    @abstractmethod
    def _to_primal(self, z) -> Array: ...

    @abstractmethod
    def _conjugate(self, z) -> Array: ...

    @abstractmethod
    def _curvature(self, w) -> Array: ...


class Euclidean(SeparablePotential):
    r""":math:`\psi(w) = \frac12\|w\|_2^2`: its interpolators are those nearest to the start.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> ib.Euclidean().value([3.0, 4.0]).item()
    12.5
    """

    def _value(self, w):
        return w**2 / 2

    def _to_dual(self, w):
        return w

    def _to_primal(self, z):
        return z

    def _conjugate(self, z):
        return z**2 / 2

    def _curvature(self, w):
        return jnp.ones_like(w)


class Entropy(SeparablePotential):
    r""":math:`\psi(w) = \sum_i w_i\log w_i - w_i` for :math:`w > 0`.

    The mirror map :math:`z = \log w` of exponentiated gradient, and four times the potential of the
    parametrisation :math:`w = u^2`. Its least value is at :math:`w = 1`. `value` takes
    :math:`w = 0` too, by :math:`0\log 0 = 0`.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> ib.Entropy().to_dual([1.0]).item()
    0.0
    """

    def _in_primal(self, w, closed=False):
        w = _check.finite_array("w", w, 1)
        allowed = w >= 0 if closed else w > 0
        return _inside(w, allowed, "w must be positive for the entropy")

    def _value(self, w):
        return w * jnp.log(jnp.where(w > 0, w, 1)) - w

    def _to_dual(self, w):
        return jnp.log(w)

    def _to_primal(self, z):
        return jnp.exp(z)

    def _conjugate(self, z):
        return jnp.exp(z)

    def _curvature(self, w):
        return 1 / w


class Burg(SeparablePotential):
    r""":math:`\psi(w) = -\sum_i \log w_i` for :math:`w > 0`, with :math:`z = -1/w < 0`.

    Its Bregman divergence is that of Itakura and Saito. It has no least value, so an interpolator
    needs a start.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> ib.Burg().to_dual([2.0]).item()
    -0.5
    """

    def _in_primal(self, w, closed=False):
        w = _check.finite_array("w", w, 1)
        return _inside(w, w > 0, "w must be positive for Burg's potential")

    def _in_dual(self, z):
        z = _check.finite_array("z", z, 1)
        return _inside(z, z < 0, "z must be negative for Burg's potential")

    def _value(self, w):
        return -jnp.log(w)

    def _to_dual(self, w):
        return -1 / w

    def _to_primal(self, z):
        return -1 / z

    def _conjugate(self, z):
        return jnp.where(z < 0, -1 - jnp.log(-jnp.minimum(z, -1e-300)), jnp.inf)

    def _curvature(self, w):
        return 1 / w**2


class Hypentropy(SeparablePotential):
    r""":math:`\psi(w) = \sum_i w_i\,\mathrm{asinh}(w_i/\beta) - \sqrt{w_i^2+\beta^2}`.

    Between the entropy on both signs (:math:`\beta \to 0`) and the Euclidean potential
    (:math:`\beta \to \infty`); Ghai, Hazan and Singer 2020, arXiv:1902.01903. With
    :math:`\beta = 2\alpha^2` it is the potential of the diagonal network of depth 2 and scale
    :math:`\alpha`, less a constant.

    **Arguments:** `beta`, positive.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> ib.Hypentropy(2.0).to_primal([0.0]).item()
    0.0
    """

    beta: float

    def __check_init__(self):
        _check.positive("beta", self.beta)

    def _value(self, w):
        return w * jnp.arcsinh(w / self.beta) - jnp.sqrt(w**2 + self.beta**2)

    def _to_dual(self, w):
        return jnp.arcsinh(w / self.beta)

    def _to_primal(self, z):
        return self.beta * jnp.sinh(z)

    def _conjugate(self, z):
        return self.beta * jnp.cosh(z)

    def _curvature(self, w):
        return 1 / jnp.hypot(w, self.beta)


class PNorm(Potential):
    r""":math:`\psi(w) = \frac12\|w\|_p^2` for :math:`p > 1`.

    It is :math:`(p-1)`-strongly convex with respect to :math:`\|\cdot\|_p` when :math:`p \le 2`,
    and its conjugate is :math:`\frac12\|z\|_q^2` with :math:`1/p + 1/q = 1`. The Hessian exists
    where :math:`w \ne 0`, and for :math:`p < 2` where no coordinate is zero; `ValueError`
    elsewhere.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> ib.PNorm(2.0).value([3.0, 4.0]).item()
    12.5
    """

    p: float

    def __check_init__(self):
        if not _check.is_traced(self.p) and not (np.isfinite(self.p) and self.p > 1):
            raise ValueError(f"p must be finite and larger than 1, found {self.p}")

    def value(self, w):
        return _half_squared_norm(_check.finite_array("w", w, 1), self.p)

    def to_dual(self, w):
        return _norm_gradient(_check.finite_array("w", w, 1), self.p)

    def to_primal(self, z):
        return _norm_gradient(_check.finite_array("z", z, 1), self.p / (self.p - 1))

    def conjugate(self, z):
        return _half_squared_norm(_check.finite_array("z", z, 1), self.p / (self.p - 1))

    def hessian(self, w):
        w = _check.finite_array("w", w, 1)
        _inside(w, (w != 0) | (self.p >= 2), "w must have no zero entry for a Hessian with p < 2")
        _inside(w, jnp.any(w != 0), "w must not be zero for a Hessian")
        norm, z = _norm(w, self.p), _norm_gradient(w, self.p)
        diagonal = (self.p - 1) * (jnp.abs(w) / norm) ** (self.p - 2)
        return jnp.diag(diagonal) + (2 - self.p) * jnp.outer(z / norm, z / norm)


def _norm(w, p):
    # Divided by the largest entry first, so that no power overflows.
    largest = jnp.max(jnp.abs(w))
    unit = w / jnp.where(largest > 0, largest, 1)
    return largest * jnp.sum(jnp.abs(unit) ** p) ** (1 / p)


def _half_squared_norm(w, p):
    return _norm(w, p) ** 2 / 2


def _norm_gradient(w, p):
    norm = _norm(w, p)
    return norm * jnp.sign(w) * (jnp.abs(w) / jnp.where(norm > 0, norm, 1)) ** (p - 1)


class DiagonalPotential(SeparablePotential):
    r"""The potential of gradient flow on the diagonal network :math:`w = u^D - v^D`.

    With every :math:`u_i = v_i = \alpha` at the start,

    .. math:: Q(w) = \sum_i \alpha^D q_D(w_i/\alpha^D), \qquad q_D(x) = \int_0^x h_D^{-1}(s)\,ds,

    where :math:`h_2(z) = 2\sinh z` and, for :math:`D > 2`,
    :math:`h_D(z) = (1-z)^{-D/(D-2)} - (1+z)^{-D/(D-2)}` on :math:`|z| < 1` (Woodworth et al. 2020,
    arXiv:2002.09277, Theorems 1 and 3). Nothing is integrated: all maps are closed forms in
    :math:`a = \mathrm{artanh}\,z`, or their inverse by Newton's method, accurate to a few units in
    the last place for weights of any size against :math:`\alpha^D`.

    **Arguments:**

    - `depth`: any real number :math:`D \ge 2`.
    - `scale`: :math:`\alpha > 0`, one for all coordinates or one each, shape "d" (unequal initial
      weights). One each at :math:`D > 2` gives :math:`\sum_i \alpha_i^D q_D(w_i/\alpha_i^D)\,
      (\bar\alpha/\alpha_i)^{D-2}` with :math:`\bar\alpha` the geometric mean: weighted so, the
      flow is still a mirror flow.
    - `shape`: :math:`s \in (-1, 1)`, one or one a coordinate, for the unbalanced layers of Azulay
      et al. 2021 (arXiv:2102.09769), :math:`w = u_1 u_2 - v_1 v_2`. Only :math:`u_1^2 + u_2^2`
      matters: :math:`\alpha^2` becomes :math:`\alpha^2(1+s^2)/(1-s^2)`. Depth 2 only.

    **Raises:** `ValueError` for arguments outside these ranges.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> round(ib.DiagonalPotential(2, 1.0).value([2.0]).item(), 6)  # 2 - 2 sqrt 2 + 2 asinh 1
    0.93432
    """

    depth: float
    scale: float | Float[Array, " d"]
    shape: float | Float[Array, " d"] = 0.0

    def __check_init__(self):
        _check.depth(self.depth)
        _check.positive("scale", self.scale)
        if _check.is_traced(self.shape, self.depth):
            return
        if not np.all(np.abs(np.asarray(self.shape, float)) < 1):
            raise ValueError(f"shape must lie strictly between -1 and 1, found {self.shape}")
        if np.any(np.asarray(self.shape) != 0) and self.depth != 2:
            raise ValueError(
                f"shape must be 0 unless depth is 2, found shape = {self.shape} at depth "
                f"{self.depth}: no potential is known for deeper unbalanced layers"
            )

    @property
    def order(self) -> Float[ArrayLike, ""]:
        r""":math:`k = (D-2)/D \in [0, 1)`: the dual variable stays below 1 when it is positive."""
        return (self.depth - 2) / self.depth

    @property
    def log_amplitude(self) -> Float[Array, "..."]:
        r""":math:`\log\alpha^D` of each coordinate, against which weights are measured."""
        return _log_amplitude(self.depth, self.scale, self.shape)

    @property
    def speed(self) -> Float[Array, "..."]:
        r""":math:`(\alpha_i/\bar\alpha)^{D-2}`: how fast each dual variable moves."""
        return _speed(self.depth, self.scale)

    def _in_dual(self, z):
        z = _check.finite_array("z", z, 1)
        allowed = (jnp.abs(z) * self.speed < 1) | (jnp.asarray(self.depth) == 2)
        return _inside(z, allowed, "z must lie strictly between -1 and 1 for depth above 2")

    def _value(self, w):
        return _qexp.potential(w, self.log_amplitude, self.order) / self.speed

    def _to_dual(self, w):
        return _qexp.dual(w, self.log_amplitude, self.order) / self.speed

    def _to_primal(self, z):
        return _qexp.primal(z * self.speed, self.log_amplitude, self.order)

    def _conjugate(self, z):
        return _qexp.conjugate(z * self.speed, self.log_amplitude, self.order) / self.speed

    def _curvature(self, w):
        return _qexp.curvature(w, self.log_amplitude, self.order) / self.speed


class SpectralPotential(eqx.Module):
    r"""A potential of symmetric matrices: that of their eigenvalues, :math:`\psi(\lambda(W))`.

    For a convex :math:`\psi` that does not mind the order of its arguments it is convex (Davis
    1957), its gradient has the eigenvectors of W and the eigenvalues
    :math:`\nabla\psi(\lambda)`, and its conjugate is the spectral potential of :math:`\psi^*`.
    With `DiagonalPotential(2, scale)` it is the potential of `SymmetricFactorization(scale)`
    trained on measurements that commute: the spectral hypentropy (Ghai, Hazan and Singer 2020,
    arXiv:1902.01903).

    **Arguments:** `potential`, a `SeparablePotential` with one scale for all coordinates.

    All methods raise `ValueError` for a matrix that is not symmetric.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> ib.SpectralPotential(ib.Euclidean()).value([[0.0, 1.0], [1.0, 0.0]]).round(12).item()
    1.0
    """

    potential: SeparablePotential

    def __check_init__(self):
        if not isinstance(self.potential, SeparablePotential):
            raise ValueError(f"potential must be a SeparablePotential, found {self.potential!r}")

    def value(self, W: Float[ArrayLike, "d d"]) -> Float[Array, ""]:
        r""":math:`\sum_i\psi(\lambda_i(W))`."""
        return self.potential.value(jnp.linalg.eigvalsh(_symmetric("W", W)))

    def to_dual(self, W: Float[ArrayLike, "d d"]) -> Float[Array, "d d"]:
        r""":math:`Z = O\,\mathrm{diag}(\psi'(\lambda))\,O^\top`, the gradient."""
        values, vectors = jnp.linalg.eigh(_symmetric("W", W))
        return (vectors * self.potential.to_dual(values)) @ vectors.T

    def to_primal(self, Z: Float[ArrayLike, "d d"]) -> Float[Array, "d d"]:
        """The inverse of `to_dual`."""
        values, vectors = jnp.linalg.eigh(_symmetric("Z", Z))
        return (vectors * self.potential.to_primal(values)) @ vectors.T

    def conjugate(self, Z: Float[ArrayLike, "d d"]) -> Float[Array, ""]:
        r""":math:`\sum_i\psi^*(\lambda_i(Z))`."""
        return self.potential.conjugate(jnp.linalg.eigvalsh(_symmetric("Z", Z)))


def _symmetric(name: str, value: ArrayLike) -> Array:
    matrix = _check.finite_array(name, value, 2)
    if matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"{name} must be square, found shape {matrix.shape}")
    entries = np.asarray(matrix)
    gap = np.abs(entries - entries.T).max(initial=0)
    if gap > 1e-12 * np.abs(entries).max(initial=0):
        raise ValueError(f"{name} must be symmetric, found entries that differ by {gap:.1e}")
    return (matrix + matrix.T) / 2


@jax.jit
def _log_amplitude(depth, scale, shape):
    balance = jnp.log1p(jnp.square(shape)) - jnp.log1p(-jnp.square(shape))
    return depth * jnp.log(scale) + balance


@jax.jit
def _speed(depth, scale):
    log_scale = jnp.log(scale)
    return jnp.exp((depth - 2) * (log_scale - jnp.mean(log_scale)))
