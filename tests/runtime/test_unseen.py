"""Attributes of modules whose class the text does not tell: the method runs as a whole under `jax.jvp`, or stops."""

from __future__ import annotations

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import pytest

import jvpgen
from jvpgen.runtime import counts
from jvpgen.runtime.errors import LostTangent
from jvpgen.runtime.reads import plain_reads
from jvpgen.runtime.unseen import may_move
from tests.runtime.compare import check

X = jax.random.normal(jax.random.key(1), (2, 3))


class Scale(nn.Module):
    features: int = 3

    def setup(self) -> None:
        self.factor = self.param("factor", nn.initializers.normal(), (self.features,))
        self.width = self.features * 2
        self.seen = self.variable("stats", "seen", jnp.ones, (self.features,))

    @property
    def doubled(self) -> Any:
        return self.factor * 2

    @property
    def half(self) -> float:
        return self.features / 2

    def __call__(self, x: Any) -> Any:
        return x * self.factor


class Holder(nn.Module):
    def setup(self) -> None:
        self.inner = Scale()

    def __call__(self, x: Any) -> Any:
        return self.inner(x)


class Listed(nn.Module):
    """`layers` may be anything."""

    layers: Any

    def __call__(self, x: Any) -> Any:
        return x * sum(layer.factor for layer in self.layers)


class OfProperty(Listed):
    def __call__(self, x: Any) -> Any:
        return [x * layer.doubled for layer in self.layers]


class OfVariable(Listed):
    def __call__(self, x: Any) -> Any:
        return [x * layer.seen.value for layer in self.layers]


class OfConstants(Listed):
    def __call__(self, x: Any) -> Any:
        return [layer(x) * layer.width * layer.half * layer.features for layer in self.layers]


class OfInner(Listed):
    def __call__(self, x: Any) -> Any:
        return x * self.layers.inner.factor


def scaled(layer: Any, x: Any) -> Any:
    return x * layer.factor if layer else x


class Given(Listed):
    def __call__(self, x: Any) -> Any:
        return scaled(self.layers, x)


@pytest.mark.parametrize(
    ("module", "is_opaque"),
    [
        (Listed([Scale(), Scale()]), True),
        (OfProperty((Scale(),)), True),
        (OfVariable([Scale()]), True),
        (OfConstants([Scale()]), False),
        (Given(Scale()), True),
    ],
    ids=lambda value: type(value).__name__,
)
def test_modules_in_fields_of_any_type(module: Any, is_opaque: bool) -> None:
    jvpgen.transform(type(module))
    variables = module.init(jax.random.key(0), X)
    counts.reset()
    check(module, variables, (X,), tolerance=5e-6)
    assert bool(counts.snapshot().opaque) == is_opaque


def test_a_module_that_is_set_up_only_inside() -> None:
    jvpgen.transform(OfInner)
    jvpgen.transform(Holder)
    module = OfInner(Holder())
    variables = module.init(jax.random.key(0), X)
    moving = {"params": jax.tree.map(jnp.ones_like, variables["params"])}
    with pytest.raises(LostTangent, match="reads `factor` of a Scale"):
        jvpgen.apply_jvp(module, variables, (X,), (X,), moving)
    jvpgen.apply_jvp(module, variables, (X,), (X,))  # nothing moves in it


def test_what_is_read_of_others() -> None:
    def body(self: Any, x: Any, x_dot: Any, layer: Any, layer_dot: Any) -> Any:
        own = self.own + jnp.linalg.norm(x) + x.mean(0) + x.shape[0] + layer.sized.shape[0]
        both = layer.both[0], layer_dot.both[0], self.all[own].each, self.all_dot[own].each
        return own, both, self.config.read, [part.inner for part in self.parts]

    assert plain_reads(body.__code__) == {"read", "inner"}


def test_what_may_move() -> None:
    jvpgen.transform(Scale)
    kinds = {name: may_move(Scale, name) for name in ("factor", "seen", "doubled", "width", "half", "features")}
    assert kinds == {"factor": True, "seen": True, "doubled": True, "width": False, "half": False, "features": False}
