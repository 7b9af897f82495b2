"""`nn.scan`: layers of their own, shared ones, dropout, carried and mapped state, broadcast and named axes."""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


class Layer(nn.Module):
    rate: float = 0.0

    @nn.compact
    def __call__(self, c, x):
        y = nn.Dense(3)(c + x)
        y = nn.Dropout(self.rate, deterministic=False)(y)
        n = self.variable("stats", "mean", jnp.zeros, (3,))
        if self.is_mutable_collection("stats"):
            n.value = 0.9 * n.value + 0.1 * y.mean(0)
        return jnp.tanh(y), y


@jvpgen.derive
class Scanned(nn.Module):
    @nn.compact
    def __call__(self, x, xs):
        layers = nn.scan(
            nn.remat(Layer),
            variable_axes={"params": 0, "stats": 0},
            split_rngs={"params": True, "dropout": True},
            length=4,
        )
        c, ys = layers(rate=0.5)(x, xs)
        shared = nn.scan(
            Layer,
            variable_broadcast="params",
            variable_axes={"stats": 1},
            split_rngs={"params": False, "dropout": True},
            in_axes=1,
            out_axes=1,
        )
        c, zs = shared()(c, xs.swapaxes(0, 1))
        return c, ys, zs


class Block(nn.Module):
    width: int

    @nn.compact
    def __call__(self, x, scale, train: bool = False):
        y = nn.Dense(self.width)(x)
        y = nn.BatchNorm(use_running_average=not train)(y)
        return x + nn.relu(y) * scale, None


@jvpgen.derive
class Deep(nn.Module):
    """setup, broadcast arguments, methods, metadata, static arguments."""

    def setup(self):
        block = nn.remat(Block, static_argnums=(3,), prevent_cse=False)
        self.blocks = nn.scan(
            block,
            variable_axes={"params": 0, "batch_stats": 0},
            split_rngs={"params": True},
            in_axes=(nn.broadcast, nn.broadcast),
            length=3,
            metadata_params={nn.PARTITION_NAME: "layers"},
        )(5)

    def __call__(self, x, scale, train: bool):
        x, _ = self.blocks(x, scale, train)
        return x


@jvpgen.derive
class Methods(nn.Module):
    @functools.partial(
        nn.scan,
        variable_broadcast="params",
        split_rngs={"params": False},
        in_axes=({"a": 0, "b": nn.broadcast},),
        out_axes={"u": 0, "v": 1},
    )
    @nn.compact
    def __call__(self, c, parts):
        c = nn.Dense(3)(c + parts["a"]) * parts["b"]
        return c, {"u": c, "v": jnp.sin(c)}


class Counter(nn.Module):
    @nn.compact
    def __call__(self, c, x):
        mean = self.variable("stats", "mean", lambda: jnp.zeros(3))
        flag = self.variable("stats", "flag", lambda: jnp.ones(3))
        out = c + mean.value * flag.value
        if self.is_mutable_collection("stats"):
            mean.value = 0.5 * mean.value + x
            flag.value = jnp.ones(3) * 2
        return out, out


@jvpgen.derive
class Carry(nn.Module):
    """Carried variables that begin to move, and one that stops to."""

    @nn.compact
    def __call__(self, c, xs):
        if self.is_initializing():
            Counter(name="ScanCounter_0")(c, xs[0])
            return c
        S = nn.scan(Counter, variable_carry="stats")
        c, ys = S(name="ScanCounter_0")(c, xs)
        return c, ys


def EXAMPLES():
    key = jax.random.key(0)
    normal = jax.random.normal
    compiled = {"compiled": True}
    return [
        {
            "module": Scanned(),
            "args": (normal(key, (2, 3)), normal(key, (4, 2, 3))),
            "rngs": {"dropout": key},
            "mutable": ["stats"],
            **compiled,
        },
        {
            "module": Scanned(),
            "args": (normal(key, (2, 3)), normal(key, (4, 2, 3))),
            "rngs": {"dropout": key},
            **compiled,
        },
        {"module": Deep(), "args": (normal(key, (7, 5)), normal(key, (5,)), False), **compiled},
        {
            "module": Methods(),
            "args": (normal(key, (2, 3)), {"a": normal(key, (4, 2, 3)), "b": normal(key, (3,))}),
            **compiled,
        },
        {"module": Carry(), "args": (normal(key, (3,)), normal(key, (4, 3))), "mutable": ["stats"], **compiled},
    ]
