"""Containers of the standard library and of Flax, made of active values, copied, frozen and reduced."""
# size: 4

import collections
import copy
import types

import flax
import flax.linen as nn
import jax
import jvpgen


@jvpgen.derive
class Collected(nn.Module):
    @nn.compact
    def __call__(self, x, tree):
        space = types.SimpleNamespace(h=nn.Dense(3)(x), x=x)
        space.h = space.h * 2
        recent = collections.deque([x, space.h], maxlen=2)
        recent.append(x * space.h)
        first = [x, x]
        second = copy.copy(first)
        second[0] = space.h
        nested = copy.deepcopy({"first": first})
        frozen = flax.core.freeze(tree)
        more = frozen.copy({"d": x})
        total = jax.tree.reduce(lambda a, b: a + b.sum(), tree, 0.0)
        largest = max(first, key=lambda part: part.size)
        thawed = flax.core.unfreeze(frozen)
        return list(recent), first, second, nested, more["d"] * more["a"], total, largest, thawed


def example():
    x, a, c = jax.random.normal(jax.random.key(1), (3, 3))
    return {"module": Collected(), "args": (x, {"a": a, "b": {"c": c}})}
