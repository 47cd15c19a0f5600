"""From parameter space to function space: models that are linear in x but not in their parameters.

Each has `features(params)`, the linear predictor that the parameters stand for, and `init(d)`.
Losses are L(w) with w = features(params), and time is that of gradient flow on the parameters,
d params/dt = -grad L(features(params)).
"""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from . import _check, _qexp
from .potentials import DiagonalPotential, NeuronPotential


class DiagonalNetwork(eqx.Module):
    r"""Diagonal linear network of any real depth: :math:`w = u^D - v^D`, elementwise.

    It starts at :math:`u = v = \alpha`, so that w(0) = 0. Along gradient flow, with
    :math:`g = \nabla L(w)`, the network is the mirror flow

    .. math:: \frac{d}{dt} \nabla Q_\alpha^D(w) = -c\, \nabla L(w), \qquad
              c = 4 \ (D = 2), \quad c = D (D-2) \alpha^{D-2} \ (D > 2),

    of its `potential`, and `rate` is c (Woodworth et al., arXiv:2002.09277, theorems 1 and 3).

    With a non-zero `shape` s the network has depth 2 and unbalanced layers (Azulay et al.,
    arXiv:2102.09769): :math:`w = u_1 u_2 - v_1 v_2` with
    :math:`u_1 = v_1 = \alpha \sqrt{(1-s)/(1+s)}` and :math:`u_2 = v_2 = \alpha \sqrt{(1+s)/(1-s)}`
    at the start. Its limits are those of the balanced network of scale `effective_scale`. Writing
    the square as a product of two weights halves the speed, hence a rate of 2.

    **Arguments:**

    - `depth`: D, a number of at least 2.
    - `scale`: initial scale :math:`\alpha` of the weights, positive, one or one a feature.
    - `shape`: s in (-1, 1), one or one a feature; 0 is the balanced network.

    **Raises:** `ValueError` for a depth below 2, a scale that is not positive, a shape outside
    (-1, 1), a shape with a depth other than 2, or scales and shapes of different lengths.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> network = ib.DiagonalNetwork(depth=3, scale=0.1)
    >>> u, v = network.init(2)
    >>> [f"{weight:.4f}" for weight in network.features((2 * u, v))]
    ['0.0070', '0.0070']
    >>> round(network.rate.item(), 6)
    0.3
    """

    depth: float = eqx.field(static=True)
    scale: Float[Array, "..."]
    shape: Float[Array, "..."]
    balanced: bool = eqx.field(static=True)

    def __init__(self, depth: float, scale: ArrayLike, shape: ArrayLike = 0.0):
        if _check.is_traced(depth):
            raise ValueError(f"depth must be a number, not a traced value, found {depth}")
        _check.depth(depth)
        _check.positive("scale", scale)
        # An integer exponent compiles to products, several times faster than a power.
        self.depth = int(depth) if float(depth).is_integer() else float(depth)
        self.scale = _scalar_or_vector("scale", scale)
        self.shape = _scalar_or_vector("shape", shape)
        _check_shape(shape)
        self.balanced = not _check.is_traced(shape) and not np.any(np.asarray(shape))
        if not self.balanced and self.depth != 2:
            raise ValueError(
                f"shape must be 0 unless the depth is 2, found shape {shape} with depth {depth}"
            )
        lengths = {field.shape for field in (self.scale, self.shape) if field.ndim}
        if len(lengths) > 1:
            raise ValueError(
                "scale and shape must have the same length, found shapes "
                f"{self.scale.shape} and {self.shape.shape}"
            )

    def features(self, params: tuple[Array, Array]) -> Float[Array, " d"]:
        """w of the parameters (u, v): each "d", or "2 d" with unbalanced layers."""
        u, v = params
        if self.balanced:
            return u**self.depth - v**self.depth
        return u[0] * u[1] - v[0] * v[1]

    def init(self, d: int) -> tuple[Array, Array]:
        """The start (u, v) for d features, as many as `scale` and `shape` have entries."""
        _check.integer("d", d)
        for name, field in (("scale", self.scale), ("shape", self.shape)):
            if field.ndim and field.shape[0] != d:
                raise ValueError(f"d must be the length of {name}, {field.shape[0]}, found {d}")
        scale = jnp.broadcast_to(self.scale, (d,))
        if self.balanced:
            return scale, scale
        imbalance = jnp.sqrt((1 + self.shape) / (1 - self.shape))
        layers = jnp.stack([scale / imbalance, scale * imbalance])
        return layers, layers

    def potential(self) -> DiagonalPotential:
        """The potential Q whose minimiser among interpolators the flow from `init` ends at."""
        return DiagonalPotential(self.depth, self.scale, self.shape)

    @property
    def rate(self) -> Float[Array, ""]:
        """c in d/dt grad Q(w) = -c grad L(w); with "d" scales, of their geometric mean."""
        if self.depth == 2:
            return jnp.asarray(4.0 if self.balanced else 2.0)
        return _rate(self.depth, self.scale)

    @property
    def effective_scale(self) -> Float[Array, "..."]:
        r"""Scale of the balanced network with the same limits.

        :math:`\alpha \sqrt{(1+s^2)/(1-s^2)}` (Azulay et al., arXiv:2102.09769): however small
        :math:`\alpha` is, a shape near 1 or -1 makes it large.
        """
        if self.balanced:
            return self.scale
        return self.scale * jnp.sqrt((1 + self.shape**2) / (1 - self.shape**2))

    def parameters(self, w: ArrayLike) -> tuple[Array, Array]:
        r"""The parameters (u, v) that the flow from `init` has where its features are w.

        Gradient flow conserves :math:`u_i v_i` at depth 2 and :math:`u_i^{2-D} + v_i^{2-D}` above,
        and so (u, v) is a function of w, of shape "... d". It is exact for any finite w and any
        scale whose parameters float64 can hold, and may be differentiated.

        >>> import jax; jax.config.update("jax_enable_x64", True)
        >>> import implicitbias as ib
        >>> u, v = ib.DiagonalNetwork(depth=2, scale=1e-60).parameters([1.0, 0.0])
        >>> [f"{entry:.3g}" for entry in u], [f"{entry:.3g}" for entry in v]
        (['1', '1e-60'], ['1e-120', '1e-60'])
        """
        c, spread = self._coordinate(w)
        if self.balanced:
            share = 1 / self.depth
            return (
                self.scale * jnp.exp(share * (spread + c)),
                self.scale * jnp.exp(share * (spread - c)),
            )
        start, _ = self.init(c.shape[-1])
        # The sum and the difference of two layers each grow or decay exponentially.
        total, difference = start[0] + start[1], start[1] - start[0]

        def layers(exponent: Array) -> Array:
            grown, decayed = total * jnp.exp(exponent), difference * jnp.exp(-exponent)
            return jnp.stack([grown - decayed, grown + decayed]) / 2

        return layers(c / 2), layers(-c / 2)

    def log_metric_growth(self, w: ArrayLike) -> Float[Array, "..."]:
        r"""Logarithm of :math:`\rho^{-1}_{ii}(w) / \rho^{-1}_{ii}(0)`, of the shape "... d" of w.

        :math:`\rho^{-1} = J J^\top` is the inverse metric, which is diagonal:
        :math:`\rho^{-1}_{ii} = D^2 (u_i^{2D-2} + v_i^{2D-2})`. The logarithm neither cancels for
        small w nor overflows for small scales.

        >>> import jax; jax.config.update("jax_enable_x64", True)
        >>> import implicitbias as ib
        >>> growth = ib.DiagonalNetwork(depth=2, scale=1.0).log_metric_growth([1.5])
        >>> round(jax.numpy.exp(growth).item(), 12)  # sqrt(w^2 + 4) / 2
        1.25
        """
        return _growth(*self._coordinate(w), 1 + (self.depth - 2) / self.depth)

    def _coordinate(self, w: ArrayLike) -> tuple[Array, Array]:
        """c and log(cosh(kc)^(1/k)) of `_qexp`: one formula for the parameters at every depth."""
        w = _check.finite_array("w", w, max(np.ndim(w), 1))
        scale = self.effective_scale
        if scale.ndim and scale.shape[0] != w.shape[-1]:
            raise ValueError(
                f"w must have the {scale.shape[0]} features of the network, found shape {w.shape}"
            )
        return _coordinate(w, self.depth * jnp.log(scale), (self.depth - 2) / self.depth)


@jax.jit
def _rate(depth: float, scale: Array) -> Array:
    return depth * (depth - 2) * jnp.exp((depth - 2) * jnp.mean(jnp.log(scale)))


@jax.jit
def _growth(c: Array, spread: Array, stretch: float) -> Array:
    return stretch * spread + _qexp._log_cosh(stretch * c)


@jax.jit
def _coordinate(w: Array, log_amplitude: Array, k: float) -> tuple[Array, Array]:
    c = jax.lax.stop_gradient(_qexp.coordinate(w, log_amplitude, k))
    # The iteration is not differentiated: its derivative dc/dw has a closed form.
    log_slope = (
        log_amplitude + _qexp._spread(c, k) + _qexp._log_2cosh((1 + k) * c) - _qexp._log_cosh(k * c)
    )
    slope = jnp.exp(jnp.minimum(-log_slope, 700.0))
    c = c + slope * (w - jax.lax.stop_gradient(w))
    return c, _qexp._spread(c, k)


class Neuron(eqx.Module):
    r"""One linear neuron, :math:`w = a v` with a number a and a vector v.

    Its metric is not a Hessian, so its flow in w is no mirror flow. In the warped time
    :math:`d\tau = a\, dt` it is one: v itself is the dual variable, the gradient of `potential`
    (Azulay et al., arXiv:2102.09769). The flow conserves
    :math:`\delta = a^2 - \|v\|^2 = 4 \alpha^2 s / (1 - s^2)`, the `balance`. With :math:`w_0` the
    features at the start, it ends, if a stays positive, on
    :math:`\arg\min_{Xw = y} D_\Psi(w, w_0)`, which is `interpolator` with this start.

    **Arguments:** `scale` :math:`\alpha > 0`, with :math:`\|w(0)\| = \alpha^2`; `shape` s in
    (-1, 1), where 0 gives both layers the same norm.

    **Raises:** `ValueError` for a scale that is not positive or a shape outside (-1, 1).

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> neuron = ib.Neuron(scale=2.0)
    >>> neuron.features(neuron.init(4)).round(12).tolist()
    [2.0, 2.0, 2.0, 2.0]
    """

    scale: Float[Array, ""]
    shape: Float[Array, ""]

    def __init__(self, scale: ArrayLike, shape: ArrayLike = 0.0):
        _check.positive("scale", scale)
        self.scale = _check.finite_array("scale", scale, 0)
        self.shape = _check.finite_array("shape", shape, 0)
        _check_shape(shape)

    def features(self, params: tuple[Array, Array]) -> Float[Array, " d"]:
        """w = a v of the parameters (a, v)."""
        a, v = params
        return a * v

    def init(self, d: int) -> tuple[Array, Array]:
        """The start (a, v), with v along (1, ..., 1)."""
        _check.integer("d", d)
        return self.parameters(jnp.full(d, self.scale**2 / math.sqrt(d)))

    def parameters(self, w: ArrayLike) -> tuple[Array, Array]:
        """The parameters (a, v) with features w on the neuron's conserved level; w is not zero."""
        w = _check.finite_array("w", w, 1)
        if not _check.is_traced(w) and not np.any(np.asarray(w)):
            raise ValueError("w must not be zero: no direction of the neuron belongs to it")
        v = self.potential().to_dual(w)
        return jnp.linalg.norm(w) / jnp.linalg.norm(v), v

    @property
    def balance(self) -> Float[Array, ""]:
        r"""The conserved :math:`\delta = a^2 - \|v\|^2`."""
        return 4 * self.scale**2 * self.shape / (1 - self.shape**2)

    def potential(self) -> NeuronPotential:
        """The potential whose Hessian is a times the metric, and whose gradient is v."""
        return NeuronPotential(self.balance)


class TwoLayerNetwork(eqx.Module):
    r"""Network of one hidden layer with an output scale, no longer linear in x,

    .. math:: f(x) = \frac{\alpha}{\sqrt m} \sum_{j=1}^m a_j\, \phi(\langle b_j, x\rangle + c_j),
              \qquad \phi(s) = s\, \Phi(s),

    with the distribution function :math:`\Phi` of the normal law: a smooth step from 0 to s, the
    GELU. At the start :math:`a_j, c_j \sim N(0, 1)` and :math:`b_j \sim N(0, I/d)`. Doubled, each
    neuron comes with a twin of opposite a, so that f = 0 at the start: large scales are lazy then,
    and small ones are not (Chizat, Oyallon and Bach 2019, arXiv:1812.07956). Time on the clock
    :math:`\alpha^2 t` is that in which all scales start alike.

    **Arguments:** `width` m, even if doubled; `scale` :math:`\alpha > 0`; `doubled`.

    **Raises:** `ValueError` for a width that is not a positive integer, or odd and doubled, or a
    scale that is not positive.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> network = ib.TwoLayerNetwork(width=10, scale=2.0)
    >>> params = network.init(3, seed=0)
    >>> abs(network.on([[1.0, 0.0, -1.0]])(params)).item() < 1e-15
    True
    """

    width: int = eqx.field(static=True)
    scale: Float[Array, ""]
    doubled: bool = eqx.field(static=True)

    def __init__(self, width: int, scale: ArrayLike, *, doubled: bool = True):
        _check.integer("width", width)
        _check.positive("scale", scale)
        if doubled and width % 2:
            raise ValueError(f"width must be even if every neuron has a twin, found {width}")
        self.width = int(width)
        self.scale = _check.finite_array("scale", scale, 0)
        self.doubled = doubled

    def on(self, X: Float[ArrayLike, "n d"]) -> "Outputs":
        """The outputs on samples, "n", as a function of the parameters."""
        return Outputs(self.scale, _check.finite_array("X", X, 2))

    def init(self, d: int, seed: int = 0) -> tuple[Array, Array, Array]:
        """A random start (a, b, c), shapes "m", "m d" and "m"."""
        _check.integer("d", d)
        generator = np.random.default_rng(seed)
        drawn = self.width // 2 if self.doubled else self.width
        a, c = generator.standard_normal((2, drawn))
        b = generator.standard_normal((drawn, d)) / np.sqrt(d)
        if self.doubled:
            a, b, c = np.concatenate([a, -a]), np.concatenate([b, b]), np.concatenate([c, c])
        return _check.on_device(a), _check.on_device(b), _check.on_device(c)


class Outputs(eqx.Module):
    """What a `TwoLayerNetwork` says on some samples: a function of its parameters (a, b, c)."""

    scale: Float[Array, ""]
    X: Float[Array, "n d"]

    def __call__(self, params: tuple[Array, Array, Array]) -> Float[Array, " n"]:
        a, b, c = params
        hidden = jax.nn.gelu(self.X @ b.T + c, approximate=False)
        return self.scale / math.sqrt(len(a)) * hidden @ a


class SymmetricFactorization(eqx.Module):
    r"""Symmetric matrices as :math:`W = U U^\top - V V^\top`, from :math:`U = V = \alpha I`.

    With measurements that commute, the eigenvalues of W move as the features of a diagonal network
    of depth 2 (Gunasekar et al., arXiv:1705.09280; Woodworth et al., arXiv:2002.09277).

    **Arguments:** `scale` :math:`\alpha > 0`.

    **Raises:** `ValueError` for a scale that is not positive.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> model = ib.SymmetricFactorization(scale=0.5)
    >>> U, V = model.init(2)
    >>> model.features((2 * U, V)).tolist()
    [[0.75, 0.0], [0.0, 0.75]]
    """

    scale: Float[Array, ""]

    def __init__(self, scale: ArrayLike):
        _check.positive("scale", scale)
        self.scale = _check.finite_array("scale", scale, 0)

    def features(self, params: tuple[Array, Array]) -> Float[Array, "d d"]:
        """W of the parameters (U, V), each "d d"."""
        U, V = params
        return U @ U.T - V @ V.T

    def init(self, d: int) -> tuple[Array, Array]:
        """The start (U, V) for d x d matrices."""
        _check.integer("d", d)
        return self.scale * jnp.eye(d), self.scale * jnp.eye(d)


class MatrixNetwork(eqx.Module):
    r"""Linear network with one hidden layer, :math:`W = U V^\top`, from Gaussian weights.

    U and V are "d k" with independent entries of law :math:`N(0, \alpha^2)`. As the width k grows
    its regime is set by :math:`\alpha^2 k`, not by the size :math:`\alpha^2 \sqrt k` of W at the
    start (Woodworth et al., arXiv:2002.09277, section 5).

    **Arguments:** `width` k, a positive integer; `scale` :math:`\alpha > 0`.

    **Raises:** `ValueError` for a width that is not a positive integer or a scale that is not
    positive.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> model = ib.MatrixNetwork(width=5, scale=0.1)
    >>> model.features(model.init(3, seed=0)).shape
    (3, 3)
    """

    width: int = eqx.field(static=True)
    scale: Float[Array, ""]

    def __init__(self, width: int, scale: ArrayLike):
        _check.integer("width", width)
        _check.positive("scale", scale)
        self.width = int(width)
        self.scale = _check.finite_array("scale", scale, 0)

    def features(self, params: tuple[Array, Array]) -> Float[Array, "d d"]:
        """W of the parameters (U, V), each "d k"."""
        U, V = params
        return U @ V.T

    def init(self, d: int, seed: int = 0) -> tuple[Array, Array]:
        """A random start (U, V) for d x d matrices."""
        _check.integer("d", d)
        U, V = self.scale * np.random.default_rng(seed).standard_normal((2, d, self.width))
        return U, V


class DeepFactorization(eqx.Module):
    r"""Linear network of several layers, the difference of two products of square matrices,

    .. math:: W = W_N \cdots W_1 - V_N \cdots V_1, \qquad W_j(0) = V_j(0) = \alpha I,

    so that W(0) = 0: the matrix form of the diagonal network :math:`u^N - v^N`. Without the second
    product it starts at :math:`\alpha^N I` and keeps the sign of its determinant. Either way the
    layers of a product stay balanced (Arora, Cohen and Hazan 2018, arXiv:1802.06509).

    **Arguments:** `depth` N, an integer of at least 2; `scale` :math:`\alpha > 0`; `unbiased`,
    whether there is a second product.

    **Raises:** `ValueError` for a depth that is not an integer of at least 2, or a scale that is
    not positive.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> network = ib.DeepFactorization(depth=3, scale=0.5, unbiased=False)
    >>> network.features(network.init(2)).tolist()
    [[0.125, 0.0], [0.0, 0.125]]
    """

    depth: int = eqx.field(static=True)
    scale: Float[Array, ""]
    unbiased: bool = eqx.field(static=True)

    def __init__(self, depth: int, scale: ArrayLike, *, unbiased: bool = True):
        _check.integer("depth", depth, least=2)
        _check.positive("scale", scale)
        self.depth = int(depth)
        self.scale = _check.finite_array("scale", scale, 0)
        self.unbiased = unbiased

    def features(self, params: Float[Array, "p N d d"]) -> Float[Array, "d d"]:
        """W of the layers, the first one first: one product, or two of which one is subtracted."""
        first, *rest = (_product(layers) for layers in params)
        return first - rest[0] if rest else first

    def init(self, d: int) -> Float[Array, "p N d d"]:
        """The start, every layer a multiple of the identity."""
        _check.integer("d", d)
        shape = (2 if self.unbiased else 1, self.depth, d, d)
        return jnp.broadcast_to(self.scale * jnp.eye(d), shape)


def _product(layers: Float[Array, "N d d"]) -> Float[Array, "d d"]:
    W = layers[0]
    for layer in layers[1:]:
        W = layer @ W
    return W


def _scalar_or_vector(name: str, value: ArrayLike) -> Float[Array, "..."]:
    if np.ndim(value) > 1:
        raise ValueError(f"{name} must be a number or a vector, found shape {np.shape(value)}")
    return _check.finite_array(name, value, np.ndim(value))


def _check_shape(shape: ArrayLike) -> None:
    # Of the argument itself: within jit, even a constant has become a traced array once stored.
    if not _check.is_traced(shape) and np.any(np.abs(np.asarray(shape)) >= 1):
        raise ValueError(f"shape must lie strictly between -1 and 1, found {shape}")
