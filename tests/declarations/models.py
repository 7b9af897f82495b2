"""Modules that declare in every way that Flax has, each with an instance and its input: `CASES`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax.linen import partitioning

ModuleDef = Any


class Order(nn.Module):
    """The outer module of a chain is created first."""

    @nn.compact
    def __call__(self, x):
        x = nn.Dense(2)(nn.Dense(4)(x))
        return nn.Dense(5)(x) + nn.Dense(5, name="named")(x)


class Loops(nn.Module):
    depth: int = 3

    @nn.compact
    def __call__(self, x):
        x = nn.Dense(4)(x)
        for i in range(self.depth):
            x = nn.Dense(4)(x)
            x = nn.Dense(4, name=f"extra_{i}")(x)
            for _ in range(2):
                x = nn.LayerNorm()(x)
        for name in ("query", "key"):
            x = nn.Dense(4, name=name)(x)
        return nn.Dense(1)(x)


class Conditions(nn.Module):
    wide: bool = False
    projection: bool = True

    @nn.compact
    def __call__(self, x, train: bool = False):
        if self.wide:
            x = nn.Dense(8)(x)
        x = nn.Dense(4)(x)
        layer = nn.LayerNorm if self.projection else nn.RMSNorm
        x = layer()(x)
        x = nn.Dense(3)(x) if train else nn.Conv(3, (1,))(x)
        if x.ndim > 7:
            return nn.Dense(9, name="never")(x)
        return nn.Dense(2, name="last")(x)


class Attributes(nn.Module):
    depth: int = 2

    def setup(self):
        self.blocks = [Order() for _ in range(self.depth)]
        self.pair = (nn.Dense(3), nn.Dense(4, name="given"))
        self.table = {"a": nn.Dense(3), "b": [nn.LayerNorm()]}
        layers = []
        for i in range(self.depth):
            layers.append(nn.Dense(3 + i))
        layers.append(nn.LayerNorm())
        self.layers = layers
        self.by_name = {f"n{i}": nn.Dense(2) for i in range(self.depth)}
        for i in range(self.depth):
            setattr(self, f"level_{i}", nn.Dense(2))
        self.chain = nn.Sequential([nn.Dense(4), nn.relu, nn.Dense(5)])
        self.unused = nn.Dense(7)
        self.offset = self.param("offset", nn.initializers.zeros, (2,), jnp.float32)

    def __call__(self, x):
        for block in self.blocks:
            x = block(x)
        for item in (*self.pair, *self.table.values()):
            x = item[0](x) if isinstance(item, tuple) else item(x)
        for layer in self.layers:
            x = layer(x)
        for layer in self.by_name.values():
            x = layer(x)
        for i in range(self.depth):
            x = getattr(self, f"level_{i}")(x)
        return self.chain(x) + self.offset.sum()


class Block(nn.Module):
    features: int
    norm: ModuleDef
    act: Callable = nn.relu
    use_bias: bool = True

    @nn.compact
    def __call__(self, x):
        y = nn.Dense(self.features, use_bias=self.use_bias)(x)
        y = self.norm()(y)
        y = self.act(y)
        if x.shape != y.shape:
            x = nn.Dense(self.features, name="projection")(x)
            x = self.norm(name="norm_projection")(x)
        return x + y


class Definitions(nn.Module):
    """Flax's ResNet style: classes and partials in fields."""

    block: ModuleDef = Block

    @nn.compact
    def __call__(self, x, train: bool = False):
        norm = functools.partial(nn.BatchNorm, use_running_average=not train)
        for size in (4, 8):
            x = self.block(size, norm=norm, act=nn.gelu)(x)
        x = self.block(features=8, norm=nn.LayerNorm, use_bias=False, name="end")(x)
        return x


def mlp(x, sizes, module_class=nn.Dense):
    for size in sizes:
        x = module_class(size)(x)
    return x


def scaled(mdl: nn.Module, x, name: str):
    scale = mdl.param(name, nn.initializers.ones, (x.shape[-1],))
    return x * scale


class Helpers(nn.Module):
    sizes: Sequence[int] = (4, 5)

    @nn.compact
    def __call__(self, x):
        x = mlp(x, self.sizes)
        x = mlp(x, [3], nn.DenseGeneral)
        x = scaled(self, x, "scale")

        def local(y):
            return nn.Dense(3, name="inner")(y)

        return self._head(local(x)) + self.shift

    def _head(self, x):
        return nn.Dense(2, name="head")(scaled(self, x, "head_scale"))

    @property
    def shift(self):
        return 1.0


class State(nn.Module):
    momentum: float = 0.9

    @nn.compact
    def __call__(self, x):
        ready = self.has_variable("stats", "mean")
        mean = self.variable("stats", "mean", lambda s: jnp.zeros(s, jnp.float32), x.shape[-1:])
        count = self.variable("stats", "count", lambda: jnp.zeros((), jnp.int32))
        total = self.variable("stats", "total", jnp.zeros, x.shape)
        w = self.param("w", lambda key, shape: jax.random.normal(key, shape), (x.shape[-1], 2))
        b = self.param("b", lambda key: jnp.full((2,), 0.5))
        if ready:
            mean.value = self.momentum * mean.value + x.mean(0)
            count.value += 1
            total.value += x
        noise = jax.random.normal(self.make_rng("noise"), x.shape)
        self.sow("intermediates", "noise", noise)
        x = self.perturb("x", x + noise)
        return nn.Dropout(0.5, deterministic=False)(x) @ w + b


class Lifted(nn.Module):
    layers: int = 3

    @nn.compact
    def __call__(self, x):
        stack = nn.scan(nn.remat(Carry), variable_axes={"params": 0}, split_rngs={"params": True}, length=self.layers)
        x, _ = stack(4)(x, None)
        x = nn.vmap(nn.Dense, variable_axes={"params": 0}, split_rngs={"params": True}, in_axes=0, axis_size=2)(3)(x)
        x = nn.jit(nn.Dense)(3, name="jitted")(x)

        def body(mdl, y):
            return nn.Dense(3, name="in_body")(y)

        return nn.remat(body)(self, x)


class Carry(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x, _):
        return nn.Dense(self.features)(x), None


class Base(nn.Module):
    width: int = 3

    def setup(self):
        self.first = nn.Dense(self.width)

    def __call__(self, x):
        return self.first(x)


class Derived(Base):
    extra: int = 2

    def setup(self):
        super().setup()
        self.second = nn.Dense(self.extra)

    def __call__(self, x):
        return self.second(super().__call__(x))


class ScaledDense(nn.Dense):
    """A layer of Flax's own, extended."""

    @nn.compact
    def __call__(self, x):
        gain = self.param("gain", nn.initializers.ones, ())
        return gain * super().__call__(x)


class Wrapper(nn.Module):
    inner: nn.Module
    more: Sequence[nn.Module] = ()

    @nn.compact
    def __call__(self, x):
        x = self.inner(x)
        for module in self.more:
            x = module(x)
        return nn.Dense(2)(x)


class Fields(nn.Module):
    """Modules made here and handed on: in compact they stay here, in setup they go to the one that gets them."""

    def setup(self):
        self.wrapped = Wrapper(inner=Order(), more=[nn.Dense(3), nn.LayerNorm()])

    def __call__(self, x):
        return self.wrapped(x)


class CompactFields(nn.Module):
    @nn.compact
    def __call__(self, x):
        x = Wrapper(nn.Dense(3), [nn.Dense(4)])(x)
        return nn.Sequential([nn.Dense(3), nn.relu, nn.Dense(4)])(x)


class Shared(nn.Module):
    def setup(self):
        self.core = nn.Dense(3)
        nn.share_scope(self, self.core)

    def __call__(self, x):
        return self.core(x)


class Axes(nn.Module):
    @nn.compact
    def __call__(self, x):
        kernel = partitioning.param_with_axes(
            "kernel", nn.initializers.lecun_normal(), (x.shape[-1], 3), jnp.float32, axes=("embed", "mlp")
        )
        return x @ kernel


class Attention(nn.Module):
    decode: bool = False

    @nn.compact
    def __call__(self, x):
        x = nn.MultiHeadDotProductAttention(2, qkv_features=8, decode=self.decode)(x)
        return nn.SelfAttention(num_heads=2, normalize_qk=True, use_bias=False)(x)


class Methods(nn.Module):
    def setup(self):
        self.encoder = nn.Dense(3)
        self.decoder = nn.Dense(4)

    def encode(self, x):
        return self.encoder(x)

    def decode(self, x):
        return self.decoder(x)

    def __call__(self, x):
        return self.decode(self.encode(x))


class Recurrent(nn.Module):
    @nn.compact
    def __call__(self, x):
        x = nn.RNN(nn.LSTMCell(4), name="rnn")(x)
        return nn.Bidirectional(nn.RNN(nn.GRUCell(3)), nn.RNN(nn.GRUCell(3)))(x)


class Jumps(nn.Module):
    sizes: Sequence[int] = (3, 0, 4)

    @nn.compact
    def __call__(self, x):
        for size in self.sizes:
            if not size:
                continue
            x = nn.Dense(size)(x)
        while x.ndim > 2:
            x = x[0]
        with jax.named_scope("end"):
            try:
                x = nn.Dense(2, name="tried")(x)
            except ValueError:
                x = nn.Dense(3, name="caught")(x)
        return x


class Tree(nn.Module):
    """A module that makes itself."""

    depth: int = 2

    @nn.compact
    def __call__(self, x):
        x = nn.Dense(3)(x)
        return Tree(self.depth - 1, name="below")(x) if self.depth else x


class NameScopes(nn.Module):
    """Modules below the names of methods; parameters are the module's own."""

    def setup(self):
        self.last = nn.Dense(3)

    def __call__(self, x):
        x = self.first(x) + self.first(x)
        for _ in range(2):
            x = self.second(x)
        return self.last(x)

    @nn.compact_name_scope
    def first(self, x):
        for _ in range(2):
            x = nn.Dense(4)(x)
        return self.second(nn.Dense(4, name="named")(x))

    @nn.compact_name_scope
    def second(self, x):
        return nn.Dense(4)(nn.LayerNorm()(x))


class NameScopeInCompact(nn.Module):
    @nn.compact
    def __call__(self, x):
        x = self.scoped(nn.Dense(4)(x))
        return nn.Dense(4)(x)

    @nn.compact_name_scope
    def scoped(self, x):
        return nn.Dense(4)(x) * self.param("weight", nn.initializers.ones, (4,))


_X = jnp.ones((2, 4))
_BTF = jnp.ones((2, 3, 4))

CASES: dict[str, tuple[nn.Module, tuple[Any, ...]]] = {
    "order": (Order(), (_X,)),
    "name scopes": (NameScopes(), (_X,)),
    "a name scope in compact": (NameScopeInCompact(), (_X,)),
    "loops": (Loops(), (_X,)),
    "conditions": (Conditions(), (_BTF,)),
    "conditions, taken": (Conditions(wide=True), (_BTF, True)),
    "attributes": (Attributes(), (_X,)),
    "definitions": (Definitions(), (_X,)),
    "helpers": (Helpers(), (_X,)),
    "state": (State(), (_X,)),
    "lifted": (Lifted(), (_X,)),
    "derived": (Derived(), (_X,)),
    "derived from a layer": (ScaledDense(3), (_X,)),
    "wrapper": (Wrapper(nn.Dense(3), [nn.Dense(5)]), (_X,)),
    "fields": (Fields(), (_X,)),
    "compact fields": (CompactFields(), (_X,)),
    "shared scope": (Shared(), (_X,)),
    "axes": (Axes(), (_X,)),
    "attention": (Attention(), (_BTF,)),
    "attention with a cache": (Attention(decode=True), (_BTF,)),
    "methods": (Methods(), (_X,)),
    "recurrent": (Recurrent(), (_BTF,)),
    "jumps": (Jumps(), (_X,)),
}
