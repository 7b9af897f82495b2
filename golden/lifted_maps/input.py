"""`nn.vmap`, `nn.remat`, `nn.jit`, `nn.remat_scan`, `nn.map_variables` and boxed parameters."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen
from flax.linen import partitioning


@jvpgen.derive
class Mapped(nn.Module):
    @nn.compact
    def __call__(self, xs):
        D = nn.vmap(nn.Dense, variable_axes={"params": 0}, split_rngs={"params": True})
        z = D(3)(xs)
        S = nn.vmap(nn.Dense, variable_axes={"params": None}, split_rngs={"params": False}, in_axes=1, out_axes=2)
        u = S(3)(xs)
        R = nn.remat(nn.Dense)
        z = R(3)(z)
        J = nn.jit(nn.Dense)
        z = J(3)(z)
        return z, u


@jvpgen.derive
class Decorated(nn.Module):
    def setup(self):
        self.dense = nn.Dense(3)

    @nn.remat
    def step(self, x):
        return jnp.tanh(self.dense(x))

    def __call__(self, x):
        return self.step(self.step(x))


@jvpgen.derive
class RematScan(nn.Module):
    @nn.compact
    def __call__(self, x):
        L = nn.remat_scan(nn.Dense, lengths=(2, 3))
        return L(3)(x)


@jvpgen.derive
class Transposed(nn.Module):
    @nn.compact
    def __call__(self, x):
        trans = lambda vs: jax.tree.map(lambda v: v.T, vs)
        T = nn.map_variables(nn.Dense, "params", trans, trans, init=True)
        y = T(3)(x)
        return y


class Gate(nn.Module):
    @nn.compact
    def __call__(self, x, power: int, gated: bool = False):
        y = nn.Dense(3)(x) ** power
        return nn.sigmoid(y) if gated else y


@jvpgen.derive
class WithStatic(nn.Module):
    """The older form of remat, with arguments that are static."""

    @nn.compact
    def __call__(self, x):
        gate = partitioning.remat(Gate, static_argnums=(1, 2))
        layers = partitioning.scan_with_axes(Folded, variable_axes={"params": 0}, split_rngs={"params": True}, length=2)
        return layers()(gate()(x, 2, True), None)[0]


class Folded(nn.Module):
    @nn.compact
    def __call__(self, c, _):
        w = partitioning.param_with_axes("w", nn.initializers.lecun_normal(), (3, 3), axes=("a", "b"))
        return jnp.tanh(c @ w), None


class Boxed(nn.Module):
    @nn.compact
    def __call__(self, c, _):
        w = self.param("w", nn.with_partitioning(nn.initializers.lecun_normal(), ("a", "b")), (3, 3))
        return jnp.tanh(c @ w), None


@jvpgen.derive
class Partitioned(nn.Module):
    @nn.compact
    def __call__(self, x):
        S = nn.scan(
            Boxed,
            variable_axes={"params": 0},
            split_rngs={"params": True},
            length=2,
            metadata_params={nn.PARTITION_NAME: "l"},
        )
        y, _ = S()(x, None)
        V = nn.vmap(
            Boxed,
            variable_axes={"params": 0},
            split_rngs={"params": True},
            in_axes=(0, None),
            metadata_params={nn.PARTITION_NAME: "v"},
        )
        z, _ = V()(x, None)
        return y + z


class Two(nn.Module):
    def setup(self):
        self.a = nn.Dense(3)
        self.b = nn.Dense(3)

    def encode(self, x):
        return self.a(x)

    def decode(self, x, *, gain=1.0):
        return self.b(x)


@jvpgen.derive
class Ensemble(nn.Module):
    @nn.compact
    def __call__(self, x):
        E = nn.vmap(
            Two,
            variable_axes={"params": 0},
            split_rngs={"params": True},
            in_axes=None,
            out_axes=0,
            axis_size=3,
            methods=["encode", "decode"],
        )
        e = E()
        y = e.encode(x)
        B = nn.vmap(
            nn.BatchNorm,
            variable_axes={"params": None, "batch_stats": None},
            split_rngs={"params": False},
            axis_name="i",
        )
        return y, e.decode(x), B(use_running_average=False, axis_name="i")(y)


def EXAMPLES():
    key = jax.random.key(0)
    normal = jax.random.normal
    return [
        {"module": Mapped(), "args": (normal(key, (4, 2, 3)),)},
        {"module": Decorated(), "args": (normal(key, (2, 3)),)},
        {"module": RematScan(), "args": (normal(key, (2, 3)),)},
        {"module": WithStatic(), "args": (normal(key, (2, 3)),), "compiled": True},
        {"module": Transposed(), "args": (normal(key, (2, 3)),)},
        {"module": Partitioned(), "args": (normal(key, (3, 3)),)},
        {"module": Ensemble(), "args": (normal(key, (2, 3)),), "mutable": ["batch_stats"]},
    ]
