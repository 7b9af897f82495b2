"""Modules with derivatives written by hand, in the form that the compiler writes."""

from __future__ import annotations

from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

from jvpgen.runtime import Pair, body, pairs, param, pushforward, tangent_numpy, variable, variables_of, zero


class MLP(nn.Module):
    features: int = 4

    @nn.compact
    def __call__(self, x):
        x = nn.Dense(self.features)(x)
        x = jnp.tanh(x)
        return nn.Dense(2)(x)


@body(MLP)
def _MLP(self: MLP, x, x_dot):
    x, x_dot = pushforward(nn.Dense(self.features), (x,), (x_dot,))
    x = jnp.tanh(x)
    x_dot = x_dot * (1 - x**2)
    return pushforward(nn.Dense(2), (x,), (x_dot,))


class Classifier(nn.Module):
    """Batch statistics, dropout, a parameter of its own."""

    @nn.compact
    def __call__(self, x, *, train: bool):
        x = nn.Dense(4)(x)
        x = nn.BatchNorm(use_running_average=not train)(x)
        x = nn.relu(x)
        x = nn.Dropout(0.5, deterministic=not train)(x)
        scale = self.param("scale", nn.initializers.ones, (x.shape[-1],))
        x = jnp.sin(x * scale)
        self.sow("intermediates", "hidden", x)
        return nn.Dense(2)(x)


@body(Classifier)
def _Classifier(self: Classifier, x, x_dot, *, train: bool):
    x, x_dot = pushforward(nn.Dense(4), (x,), (x_dot,))
    x, x_dot = pushforward(nn.BatchNorm(use_running_average=not train), (x,), (x_dot,))
    x, x_dot = nn.relu(x), tangent_numpy.where(x > 0, x_dot, 0)
    x, x_dot = pushforward(nn.Dropout(0.5, deterministic=not train), (x,), (x_dot,))
    scale, scale_dot = param(self, "scale", nn.initializers.ones, (x.shape[-1],))
    scaled, scaled_dot = x * scale, x_dot * scale + x * scale_dot
    x, x_dot = jnp.sin(scaled), jnp.cos(scaled) * scaled_dot
    pushforward(self.sow, ("intermediates", "hidden", x), (None, None, x_dot))
    return pushforward(nn.Dense(2), (x,), (x_dot,))


class Blocks(nn.Module):
    """Submodules in a list, a shared one among them, and an attribute that moves."""

    depth: int = 2

    def setup(self):
        shared = nn.Dense(4)
        self.blocks = [*(nn.Dense(4) for _ in range(self.depth)), shared, shared]
        w = self.param("w", nn.initializers.normal(), (4,))
        self.direction = w / jnp.sqrt(jnp.sum(w**2))

    def encode(self, x):
        for block in self.blocks:
            x = jnp.tanh(block(x))
        return x

    def __call__(self, x):
        return self.encode(x) @ self.direction


@body(Blocks.setup)
def _Blocks_setup(self: Blocks):
    shared = nn.Dense(4)
    self.blocks = [*(nn.Dense(4) for _ in range(self.depth)), shared, shared]
    w, w_dot = param(self, "w", nn.initializers.normal(), (4,))
    norm = jnp.sqrt(jnp.sum(w**2))
    norm_dot = tangent_numpy.sum(2 * w * w_dot) / (2 * norm)
    self.direction = w / norm
    self.direction_dot = w_dot / norm - w * norm_dot / norm**2
    return None, None


@body(Blocks.encode)
def _Blocks_encode(self: Blocks, x, x_dot):
    for block in self.blocks:
        block_out, block_out_dot = pushforward(block, (x,), (x_dot,))
        x, x_dot = pushforward(jnp.tanh, (block_out,), (block_out_dot,))
    return x, x_dot


@body(Blocks)
def _Blocks(self: Blocks, x, x_dot):
    encoded, encoded_dot = pushforward(self.encode, (x,), (x_dot,))
    return encoded @ self.direction, encoded_dot @ self.direction + encoded @ self.direction_dot


class Base(nn.Module):
    def stem(self, x):
        return x * 3.0

    @nn.compact
    def __call__(self, x):
        return nn.Dense(3, name="base")(self.stem(x))


class Derived(Base):
    """Inherits, overrides, and calls the base's method."""

    def stem(self, x):
        return super().stem(x) + 1.0

    @nn.compact
    def __call__(self, x):
        return super().__call__(x) + nn.Dense(3, name="derived")(x)


@body(Base.stem)
def _Base_stem(self: Base, x, x_dot):
    return x * 3.0, x_dot * 3.0


@body(Base)
def _Base(self: Base, x, x_dot):
    stem, stem_dot = pushforward(self.stem, (x,), (x_dot,))
    return pushforward(nn.Dense(3, name="base"), (stem,), (stem_dot,))


@body(Derived.stem)
def _Derived_stem(self: Derived, x, x_dot):
    stem, stem_dot = pushforward(super(Derived, self).stem, (x,), (x_dot,))
    return stem + 1.0, stem_dot + zero(1.0)


@body(Derived)
def _Derived(self: Derived, x, x_dot):
    base, base_dot = pushforward(super(Derived, self).__call__, (x,), (x_dot,))
    dense, dense_dot = pushforward(nn.Dense(3, name="derived"), (x,), (x_dot,))
    return base + dense, base_dot + dense_dot


def scaled_by_param(mdl, x, *, power):
    return x * mdl.param("helper_scale", nn.initializers.ones, (x.shape[-1],)) ** power


@body(scaled_by_param)
def _scaled_by_param(mdl, x, x_dot, *, power):
    scale, scale_dot = param(mdl, "helper_scale", nn.initializers.ones, (x.shape[-1],))
    return x * scale**power, x_dot * scale**power + x * (power * scale ** (power - 1) * scale_dot)


class WithHelper(nn.Module):
    """A helper that gets the module, one without a derivative, and closures over active values."""

    @nn.compact
    def __call__(self, x, *rest, mask=None):
        x = scaled_by_param(self, x, power=2)
        for other in rest:
            x = x + other
        act = lambda y: jnp.sin(y) * x.sum()  # noqa: E731
        layers = [act, jnp.tanh]
        for layer in layers:
            x = layer(x)
        return x if mask is None else x * mask


@body(WithHelper)
def _WithHelper(self: WithHelper, x, x_dot, *rest, rest_dot=(), mask=None, mask_dot=None):
    x, x_dot = pushforward(scaled_by_param, (self, x), (None, x_dot), power=2)
    for other, other_dot in zip(rest, rest_dot, strict=True):
        x, x_dot = x + other, x_dot + other_dot

    def act(y):
        return jnp.sin(y) * x.sum()

    @body(act)
    def act_jvp(y, y_dot):
        return jnp.sin(y) * x.sum(), jnp.cos(y) * y_dot * x.sum() + jnp.sin(y) * x_dot.sum()

    layers = [act, jnp.tanh]
    for layer in layers:
        x, x_dot = pushforward(layer, (x,), (x_dot,))
    return (x, x_dot) if mask is None else (x * mask, x_dot * mask + x * mask_dot)


class Counter(nn.Module):
    """Variables read, stored and asked for; put and got by name."""

    @nn.compact
    def __call__(self, x):
        total = self.variable("state", "total", jnp.zeros, x.shape)
        steps = self.variable("state", "steps", lambda: jnp.zeros((), jnp.int32))
        total.value = total.value * 0.5 + x**2
        steps.value = steps.value + 1
        self.put_variable("state", "last", x * 2.0)
        last = self.get_variable("state", "last")
        frozen = self.variables["params"] if self.has_variable("params", "k") else {}
        k = self.param("k", nn.initializers.ones, (1,))
        return total.value * k + last + (frozen["k"] if frozen else 0.0), steps.value


@body(Counter)
def _Counter(self: Counter, x, x_dot):
    total, total_dot = variable(self, "state", "total", jnp.zeros, x.shape)
    steps, steps_dot = variable(self, "state", "steps", lambda: jnp.zeros((), jnp.int32))
    total_dot_value = total_dot.value * 0.5 + 2 * x * x_dot
    total.value = total.value * 0.5 + x**2
    total_dot.value = total_dot_value
    steps.value = steps.value + 1
    steps_dot.value = zero(steps.value)
    pushforward(self.put_variable, ("state", "last", x * 2.0), (None, None, x_dot * 2.0))
    last, last_dot = pushforward(self.get_variable, ("state", "last"), (None, None))
    variables, variables_dot = variables_of(self)
    has_k = self.has_variable("params", "k")
    frozen, frozen_dot = (variables["params"], variables_dot["params"]) if has_k else ({}, {})
    k, k_dot = param(self, "k", nn.initializers.ones, (1,))
    extra, extra_dot = (frozen["k"], frozen_dot["k"]) if frozen else (0.0, zero(0.0))
    out_dot = total_dot.value * k + total.value * k_dot + last_dot + extra_dot
    return (total.value * k + last + extra, steps.value), (out_dot, zero(steps.value))


class Plain(nn.Module):
    """No derivative of its own: state, dropout, a submodule, setup."""

    def setup(self):
        self.inner = nn.Dense(3)
        w = self.param("w", nn.initializers.ones, (3,))
        self.double = w * 2.0

    @nn.compact
    def __call__(self, x, *, train=True):
        seen = self.variable("state", "seen", lambda: jnp.zeros((3,)))
        y = jnp.sort(self.inner(x), axis=-1) * self.double
        y = nn.Dropout(0.5, deterministic=not train)(y)
        if self.is_mutable_collection("state"):
            seen.value = seen.value + y.sum(0)
        return y + seen.value


class Mixed(nn.Module):
    """A module with a derivative around one without; the same one is called twice."""

    @nn.compact
    def __call__(self, x, *, train=True):
        x = nn.LayerNorm()(x)
        plain = Plain()
        return plain(x, train=train) + plain(jnp.sin(x), train=train)


@body(Mixed)
def _Mixed(self: Mixed, x, x_dot, *, train=True):
    x, x_dot = pushforward(nn.LayerNorm(), (x,), (x_dot,))
    plain = Plain()
    first, first_dot = pushforward(plain, (x,), (x_dot,), train=train)
    second, second_dot = pushforward(plain, (jnp.sin(x),), (jnp.cos(x) * x_dot,), train=train)
    return first + second, first_dot + second_dot


def unknown_helper(x, w):
    """A function that the compiler did not follow: it makes a module by itself."""
    return nn.Dense(3, name="hidden")(jnp.sort(x) * w)


def unknown_numbers(x, w):
    return {"sorted": jnp.sort(x * w), "count": 3, "label": "x", "ids": jnp.argsort(x)}


def unknown_call(f, x):
    return f(f(x))


class Opaque(nn.Module):
    """Calls of functions that have neither derivative nor rule, with modules and closures."""

    @nn.compact
    def __call__(self, x):
        w = self.param("w", nn.initializers.ones, (x.shape[-1],))
        y = unknown_helper(x, w)
        found = unknown_numbers(x, w)
        dense = nn.Dense(x.shape[-1])
        twice = unknown_call(lambda z: dense(z) * w, x)
        return y + found["sorted"].sum() + twice.sum(), found["ids"]


@body(Opaque)
def _Opaque(self: Opaque, x, x_dot):
    w, w_dot = param(self, "w", nn.initializers.ones, (x.shape[-1],))
    y, y_dot = pushforward(unknown_helper, (x, w), (x_dot, w_dot))
    found, found_dot = pushforward(unknown_numbers, (x, w), (x_dot, w_dot))
    dense = nn.Dense(x.shape[-1])

    def block(z):
        return dense(z) * w

    @body(block)
    def block_jvp(z, z_dot):
        out, out_dot = pushforward(dense, (z,), (z_dot,))
        return out * w, out_dot * w + out * w_dot

    twice, twice_dot = pushforward(unknown_call, (block, x), (None, x_dot))
    out = y + found["sorted"].sum() + twice.sum()
    return (out, found["ids"]), (y_dot + found_dot["sorted"].sum() + twice_dot.sum(), found_dot["ids"])


class Output(NamedTuple):
    logits: Any
    hidden: Any = None


class Scale(nn.Module):
    """A field that may hold an active value."""

    by: Any

    @nn.compact
    def __call__(self, x):
        return x * self.by * self.param("own", nn.initializers.ones, ())


class Structured(nn.Module):
    """A NamedTuple out, dicts in, a module built around an active value, keyword arguments as a dict."""

    @nn.compact
    def __call__(self, inputs, **extra):
        s = self.param("s", nn.initializers.ones, ())
        x = Scale(by=s)(inputs["x"])
        for value in extra.values():
            x = x + value
        return Output(x, {"x": inputs["x"] * 2, "n": inputs["n"]})


@body(Structured)
def _Structured(self: Structured, inputs, inputs_dot, *, extra_dot=None, **extra):
    s, s_dot = param(self, "s", nn.initializers.ones, ())
    scale, _ = pushforward(Scale, (), (), by=Pair(s, s_dot))
    x, x_dot = pushforward(scale, (inputs["x"],), (inputs_dot["x"],))
    for _, (value, value_dot) in pairs(extra, extra_dot).items():
        x, x_dot = x + value, x_dot + value_dot
    hidden, hidden_dot = {"x": inputs["x"] * 2, "n": inputs["n"]}, {"x": inputs_dot["x"] * 2, "n": inputs_dot["n"]}
    return pushforward(Output, (x, hidden), (x_dot, hidden_dot))


class Lifted(nn.Module):
    """Modules under Flax's own transforms."""

    @nn.compact
    def __call__(self, x):
        x = nn.remat(MLP)(name="again")(x)
        x = nn.jit(nn.Dense)(3, name="jitted")(x)
        return nn.vmap(nn.Dense, variable_axes={"params": 0}, split_rngs={"params": True})(3, name="mapped")(x)


@body(Lifted)
def _Lifted(self: Lifted, x, x_dot):
    x, x_dot = pushforward(nn.remat(MLP)(name="again"), (x,), (x_dot,))
    x, x_dot = pushforward(nn.jit(nn.Dense)(3, name="jitted"), (x,), (x_dot,))
    mapped = nn.vmap(nn.Dense, variable_axes={"params": 0}, split_rngs={"params": True})
    return pushforward(mapped(3, name="mapped"), (x,), (x_dot,))


class Perturbed(nn.Module):
    @nn.compact
    def __call__(self, x):
        x = self.perturb("inner", x * 2.0)
        return jax.nn.softplus(x)


@body(Perturbed)
def _Perturbed(self: Perturbed, x, x_dot):
    x, x_dot = pushforward(self.perturb, ("inner", x * 2.0), (None, x_dot * 2.0))
    return jax.nn.softplus(x), jax.nn.sigmoid(x) * x_dot


class Helpers(nn.Module):
    """Methods that Flax does not handle, and names that it makes from methods."""

    @nn.nowrap
    def bare(self, x):
        return x * 2.0 + self.param("bare", nn.initializers.ones, ())

    @staticmethod
    def static(x):
        return jnp.sin(x)

    @classmethod
    def of_class(cls, x):
        return x * len(cls.__name__)

    @nn.compact_name_scope
    def scoped(self, x):
        return nn.Dense(3)(x)

    @nn.compact_name_scope
    def unknown(self, x):
        return nn.Dense(3)(jnp.sort(x)) * self.param("u", nn.initializers.ones, ())

    def setup(self):
        self.block = Blocks()

    def nothing(self):
        return self.block.direction

    @nn.compact
    def __call__(self, x):
        x = self.of_class(self.static(self.bare(x)))
        return self.scoped(x).sum() + self.unknown(x).sum() + self.nothing()


@body(Helpers.bare)
def _Helpers_bare(self, x, x_dot):
    bare, bare_dot = param(self, "bare", nn.initializers.ones, ())
    return x * 2.0 + bare, x_dot * 2.0 + bare_dot


@body(Helpers.static)
def _Helpers_static(x, x_dot):
    return jnp.sin(x), jnp.cos(x) * x_dot


@body(Helpers.of_class)
def _Helpers_of_class(cls, x, x_dot):
    return x * len(cls.__name__), x_dot * len(cls.__name__)


@body(Helpers.scoped)
def _Helpers_scoped(self, x, x_dot):
    return pushforward(nn.Dense(3), (x,), (x_dot,))


@body(Helpers.nothing)
def _Helpers_nothing(self):
    return self.block.direction, self.block.direction_dot


@body(Helpers)
def _Helpers(self: Helpers, x, x_dot):
    bare, bare_dot = pushforward(self.bare, (x,), (x_dot,))
    static, static_dot = pushforward(self.static, (bare,), (bare_dot,))
    x, x_dot = pushforward(self.of_class, (static,), (static_dot,))
    scoped, scoped_dot = pushforward(self.scoped, (x,), (x_dot,))
    nothing, nothing_dot = pushforward(self.nothing, (), ())
    unknown, unknown_dot = pushforward(self.unknown, (x,), (x_dot,))
    return scoped.sum() + unknown.sum() + nothing, scoped_dot.sum() + unknown_dot.sum() + nothing_dot


class Wrapping(nn.Module):
    """No derivative, around modules that have one in their setup."""

    @nn.compact
    def __call__(self, x):
        return Blocks()(jnp.sort(x))


class Wrapped(nn.Module):
    @nn.compact
    def __call__(self, x):
        return Wrapping()(x)


@body(Wrapped)
def _Wrapped(self: Wrapped, x, x_dot):
    return pushforward(Wrapping(), (x,), (x_dot,))


class Holder(nn.Module):
    inner: nn.Module


class NoArguments(nn.Module):
    """Nothing goes in, so only a keyword can say that a tangent is wanted."""

    @nn.compact
    def __call__(self):
        return self.param("w", nn.initializers.ones, (3,)) ** 2


@body(NoArguments)
def _NoArguments(self):
    w, w_dot = param(self, "w", nn.initializers.ones, (3,))
    return w**2, 2 * w * w_dot


class Switch(nn.Module):
    """Takes a static flag and integers, under Flax's own transforms."""

    @nn.compact
    def __call__(self, ids, train):
        table = self.param("table", nn.initializers.normal(), (5, 3))
        return table[ids] * (2.0 if train else 1.0)


@body(Switch)
def _Switch(self, ids, train):
    table, table_dot = param(self, "table", nn.initializers.normal(), (5, 3))
    return table[ids] * (2.0 if train else 1.0), table_dot[ids] * (2.0 if train else 1.0)


class Switches(nn.Module):
    @nn.compact
    def __call__(self, ids):
        jitted = nn.jit(Switch, static_argnums=2)(name="a")(ids, True)
        checkpointed = nn.remat(Switch, static_argnums=2)(name="b")(ids, False)
        return jitted + checkpointed + nn.jit(NoArguments)(name="c")() + nn.remat(NoArguments)(name="d")()


@body(Switches)
def _Switches(self, ids):
    jitted, jitted_dot = pushforward(nn.jit(Switch, static_argnums=2)(name="a"), (ids, True), (None, None))
    checkpoint = nn.remat(Switch, static_argnums=2)(name="b")
    checkpointed, checkpointed_dot = pushforward(checkpoint, (ids, False), (None, zero(False)))
    c, c_dot = pushforward(nn.jit(NoArguments)(name="c"), (), ())
    d, d_dot = pushforward(nn.remat(NoArguments)(name="d"), (), ())
    return jitted + checkpointed + c + d, jitted_dot + checkpointed_dot + c_dot + d_dot
