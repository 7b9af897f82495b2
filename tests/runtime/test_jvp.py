"""`jvpgen.jvp` against `nn.jvp` and `lift.jvp`: values, tangents, updates, keys, structure; and where it says more."""

from __future__ import annotations

import functools
import linecache
import warnings
from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax.core import FrozenDict, freeze
from flax.errors import JaxTransformError, ModifyScopeVariableError
from flax.linen.module import wrap_method_once

import jvpgen
from jvpgen.runtime import counts

strict = functools.partial(jvpgen.jvp, strict=True)
KEY = jax.random.key(0)
X = jnp.array([[1.0, 2.0, 3.0], [0.5, -1.0, 2.0]])
X_DOT = jnp.array([[0.1, -0.2, 0.3], [1.0, 0.0, -0.5]])


@pytest.fixture(autouse=True)
def layers_by_hand() -> None:
    """Flax's layers are derived from their sources here, as for users."""


def assert_close(a: Any, b: Any, *, exact: bool = False) -> None:
    assert jax.tree.structure(a) == jax.tree.structure(b)
    for left, right in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        assert left.dtype == right.dtype
        if left.dtype == jax.dtypes.float0:
            continue
        np.testing.assert_allclose(left, right, rtol=0 if exact else 2e-5, atol=0 if exact else 1e-6)


def ones(tree: Any) -> Any:
    return jax.tree.map(jnp.ones_like, tree)


class Encoder(nn.Module):
    """Setup, an attribute that moves, a batch norm and a dropout."""

    features: int = 3

    def setup(self) -> None:
        self.dense = nn.Dense(self.features)
        self.scale = self.param("scale", nn.initializers.ones, (self.features,)) * 2
        self.norm = nn.BatchNorm()
        self.dropout = nn.Dropout(0.5)

    def encode(self, x: Any, factor: Any = 1.0, *, train: bool = False) -> Any:
        y = self.norm(self.dense(x) * self.scale * factor, use_running_average=not train)
        return self.dropout(y, deterministic=not train)

    def __call__(self, x: Any, train: bool = False) -> Any:
        return {"y": self.encode(x, train=train), "count": jnp.arange(3)}


class Counted(nn.Module):
    @nn.compact
    def __call__(self, x: Any) -> Any:
        total = self.variable("state", "total", jnp.zeros, x.shape[-1:])
        total.value = total.value + x.mean(0)
        self.sow("intermediates", "seen", x.sum())
        return nn.Dense(2)(x) * total.value[:2]


jvpgen.transform(Encoder)
jvpgen.transform(Counted)


class Outer(nn.Module):
    """Calls a lifted jvp on `kind` inside itself; `tangents` are made of the inner module's variables."""

    lifted: Callable[..., Any]
    fn: Callable[..., Any]
    kind: type[nn.Module] = Encoder
    collections: tuple[str, ...] = ("params",)
    filters: Any = FrozenDict()

    @nn.compact
    def __call__(self, x: Any, x_dot: Any) -> Any:
        inner = self.kind(name="inner")
        known = inner.variables
        tangents = {name: ones(known[name]) for name in self.collections if name in known}
        out = self.lifted(self.fn, inner, (x,), (x_dot,), tangents, **self.filters)
        return out, jax.random.key_data(self.make_rng("dropout"))


def plain(fn: Any, mdl: Any, primals: Any, tangents: Any, *_: Any, **__: Any) -> Any:
    return wrap_method_once(fn)(mdl, *primals)


def both(fn: Any, *, kind: type[nn.Module] = Encoder, mutable: Any = False, ours: Any = strict, **fields: Any) -> Any:
    """The results of `nn.jvp` and of ours inside the same module, applied to the same variables."""
    variables = Outer(plain, fn, kind).init({"params": KEY, "dropout": KEY}, X, X_DOT)
    outcomes = []
    for lifted in (nn.jvp, ours):
        module = Outer(lifted, fn, kind, **fields)
        rngs = {"dropout": jax.random.key(7)}
        outcomes.append(module.apply(variables, X, X_DOT, rngs=rngs, mutable=mutable))
    return outcomes


def same(theirs: Any, ours: Any, mutable: bool = False) -> None:
    if mutable:
        assert_close(theirs[1], ours[1])
        theirs, ours = theirs[0], ours[0]
    (out, out_dot), rng = theirs
    (own, own_dot), own_rng = ours
    assert_close(out, own, exact=True)
    assert_close(out_dot, own_dot)
    assert_close(rng, own_rng, exact=True)


# --- Modules ----------------------------------------------------------------------------------------------------------


def test_call() -> None:
    same(*both(lambda m, v: m(v)))


def test_nothing_goes_through_jax_jvp(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs, _ = both(lambda m, v: m(v), ours=nn.jvp)
    variables = Outer(nn.jvp, lambda m, v: m(v)).init({"params": KEY, "dropout": KEY}, X, X_DOT)

    def refused(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("jax.jvp is called")

    monkeypatch.setattr(jax, "jvp", refused)
    counts.reset()
    module = Outer(strict, lambda m, v: m(v))
    ours = module.apply(variables, X, X_DOT, rngs={"dropout": jax.random.key(7)})
    assert counts.snapshot().opaque == 0
    same(theirs, ours)


def test_method() -> None:
    same(*both(lambda m, v: m.encode(v)))


def test_bound_and_unbound_methods() -> None:
    same(*both(Encoder.encode))
    module = Encoder()
    variables = module.init(KEY, X)

    def call(bound: Any, lifted: Any) -> Any:
        tangents = {"params": ones(bound.variables["params"])}
        return lifted(bound.encode, bound, (X,), (X_DOT,), tangents)

    assert_close(*(nn.apply(functools.partial(call, lifted=lifted), module)(variables) for lifted in (nn.jvp, strict)))


def test_partial_and_callable_object() -> None:
    same(*both(functools.partial(lambda m, v, train: m(v, train), train=False)))


def test_updates_and_dropout() -> None:
    outcomes = both(lambda m, v: m(v, train=True), mutable=["batch_stats"])
    same(*outcomes, mutable=True)
    assert "batch_stats_dot" not in outcomes[1][1]
    assert (outcomes[1][0][0][0]["y"] == 0).any()


def test_state_that_moves() -> None:
    outcomes = both(lambda m, v: m(v), kind=Counted, mutable=["state"], collections=("params", "state"))
    same(*outcomes, mutable=True)
    outcomes = both(lambda m, v: m(v), kind=Counted, mutable=["state", "intermediates"], collections=("state",))
    same(*outcomes, mutable=True)


def test_immutable_state_is_not_stored() -> None:
    with pytest.raises(ModifyScopeVariableError):
        both(lambda m, v: m(v), kind=Counted)


def test_filters() -> None:
    def dense(m: Any, v: Any) -> Any:
        return m.dense(v)

    whole = both(dense)[0]
    for filters in ({"variables": ["params"]}, {"variables": "batch_stats", "rngs": False}, {"variables": False}):
        same(whole, both(dense, ours=functools.partial(strict, **filters))[1])  # Flax wants frozen tangents for some
    hidden = freeze({"variables": ["params"], "rngs": "dropout"})
    same(*both(dense, filters=hidden, collections=()))
    with pytest.raises(ModifyScopeVariableError):
        both(lambda m, v: m.encode(v, train=True), ours=functools.partial(strict, variables="params"))


@pytest.mark.parametrize("collections", [(), ("params",), ("batch_stats",), ("params", "batch_stats")])
def test_collections(collections: tuple[str, ...]) -> None:
    same(*both(lambda m, v: m(v), collections=collections))


def test_attributes_of_the_module() -> None:
    same(*both(lambda m, v: m.dense(v) * m.scale * m.features))
    same(*both(lambda m, v: m.dense(v) * m.variables["params"]["scale"]))


def test_several_arguments() -> None:
    class Three(nn.Module):
        lifted: Callable[..., Any]

        @nn.compact
        def __call__(self, x: Any) -> Any:
            inner = Encoder()
            inner(x)
            primals = (x, {"factor": 2.0 * x, "n": jnp.arange(3)}, 3)
            none = np.zeros(3, jax.dtypes.float0)
            tangents = (X_DOT, {"factor": x, "n": none}, np.zeros((), jax.dtypes.float0))

            def fn(m: Any, v: Any, w: Any, n: Any) -> Any:
                return (m.encode(v, w["factor"]) ** 2 * w["n"], m.encode(v, factor=n), w)

            return self.lifted(fn, inner, primals, tangents, {"params": ones(inner.variables["params"])})

    variables = Three(nn.jvp).init(KEY, X)
    assert_close(*(Three(lifted).apply(variables, X) for lifted in (nn.jvp, strict)))


def test_submodules_made_in_the_function() -> None:
    @nn.compact
    def deep(m: Any, v: Any) -> Any:
        return nn.Dense(2)(v) * m.param("gain", nn.initializers.ones, (2,))

    same(*both(deep, kind=Counted))


def test_init() -> None:
    trees = []
    for lifted in (nn.jvp, strict):
        module = Outer(lifted, lambda m, v: m(v, train=True), collections=("params", "batch_stats"))
        trees.append(module.init({"params": KEY, "dropout": KEY}, X, X_DOT))
    assert_close(*trees, exact=True)


def test_init_of_new_parameters_along_the_inputs() -> None:
    class Made(nn.Module):
        lifted: Callable[..., Any]

        @nn.compact
        def __call__(self, x: Any) -> Any:
            return self.lifted(lambda m, v: m(v), Encoder(), (x,), (X_DOT,), {})

    assert_close(*(Made(lifted).init_with_output(KEY, X) for lifted in (nn.jvp, strict)))


# --- Functions --------------------------------------------------------------------------------------------------------


def scaled(m: Any, v: Any, power: int = 2) -> Any:
    return helper(m, v) ** power


def helper(m: Any, v: Any) -> Any:
    """Stands in the same file, without a derivative."""
    return jnp.tanh(m.encode(v)) * m.scale


def test_helpers_are_derived_as_well() -> None:
    same(*both(scaled))


def test_lambdas_in_one_line_and_late_binding() -> None:
    first, second = (lambda m, v: m.encode(v) * gain), (lambda m, v: m.encode(v) + gain * jnp.sin(v))
    gain = 2.0
    same(*both(first))
    same(*both(second))
    before = both(second)[1][0][1]
    gain = 3.0
    after = both(second)[1][0][1]
    assert not jnp.allclose(before, after)
    same(*both(second))


def test_captured_values_are_constant() -> None:
    kept = jnp.array([1.0, 2.0, 3.0])

    def nested(v: Any, w: Any = kept) -> Any:
        return v * w * kept

    same(*both(lambda m, v: nested(m.encode(v)) + kept))

    def fn(m: Any, v: Any) -> Any:
        return m.encode(v) * X * nested(X)

    same(*both(fn))


def test_defaults_and_keywords() -> None:
    def fn(m: Any, v: Any, *rest: Any, gain: Any = X, n: int = 2) -> Any:
        return m.encode(v) * gain * n + len(rest)

    same(*both(fn))


def test_imports_of_the_function_around() -> None:
    import jax.numpy as numeric
    from jax.nn import softplus as smooth

    same(*both(lambda m, v: smooth(numeric.sin(m.encode(v)))))


def test_decorated_and_private() -> None:
    class Holder:
        __gain = 2.0

        def fn(self) -> Any:
            return lambda m, v: m.encode(v) * self.__gain

    same(*both(Holder().fn()))

    @jax.named_call
    def decorated(m: Any, v: Any) -> Any:
        return m.encode(v)

    same(*both(decorated, ours=jvpgen.jvp))


def test_methods_of_other_objects() -> None:
    class Losses:
        def __init__(self, gain: Any) -> None:
            self.gain = gain

        @staticmethod
        def scaled(m: Any, v: Any) -> Any:
            return m.encode(v) * 2

        def loss(self, m: Any, v: Any) -> Any:
            return jnp.sum(self.scaled(m, v) ** 2) * self.gain

        def __call__(self, m: Any, v: Any) -> Any:
            return jnp.sin(self.loss(m, v))

    same(*both(Losses(2.0).loss))
    same(*both(Losses.scaled))
    same(*both(Losses(jnp.ones(())), ours=jvpgen.jvp))


def test_cells_of_a_notebook() -> None:
    text = "make = lambda scale: lambda m, v: jnp.tanh(m.encode(v)) * scale\n"
    linecache.cache["<cell 1>"] = (len(text), None, text.splitlines(keepends=True), "<cell 1>")
    names: dict[str, Any] = {"jnp": jnp, "__name__": "__main__"}
    exec(compile(text, "<cell 1>", "exec"), names)
    same(*both(names["make"](3.0)))


def test_source_that_is_not_there() -> None:
    fn = eval("lambda m, v: m.encode(v) * 2")
    with pytest.warns(jvpgen.NotGeneratedWarning, match="its source is not available"):
        same(*both(fn, ours=jvpgen.jvp))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        same(*both(fn, ours=jvpgen.jvp))  # it has been said
    with pytest.raises(jvpgen.NotGenerated, match="<string>"):
        both(fn)


_calls = 0


def test_what_is_not_expressible() -> None:
    kept: list[Any] = []

    def stores(m: Any, v: Any) -> Any:
        global _calls
        kept.append(1)
        _calls = len(kept)
        return m.encode(v)

    with pytest.warns(jvpgen.NotGeneratedWarning, match=r"stores \(test_jvp.py"):
        same(*both(stores, ours=jvpgen.jvp))
    with pytest.raises(jvpgen.NotGenerated):
        both(stores)


def test_modules_without_generated_code() -> None:
    class Plain(nn.Module):
        @nn.compact
        def __call__(self, x: Any) -> Any:
            return Encoder(name="inner").encode(x) * self.param("gain", nn.initializers.ones, ())

    class Other(Plain):
        pass

    def fn(m: Any, v: Any) -> Any:
        return m(v)

    with pytest.warns(jvpgen.NotGeneratedWarning, match="Plain.__call__") as told:
        same(*both(fn, kind=Plain, ours=jvpgen.jvp))
        same(*both(fn, kind=Other, ours=jvpgen.jvp))
    assert len(told) == 1
    with pytest.raises(jvpgen.NotGenerated, match="Plain"):
        both(fn, kind=Plain)


def test_attributes_of_modules_without_generated_code() -> None:
    class Plain(nn.Module):
        def setup(self) -> None:
            self.dense = nn.Dense(3)
            self.scale = self.param("scale", nn.initializers.ones, (3,)) * 2
            self.dropout = nn.Dropout(0.5)
            self.total = self.variable("state", "total", jnp.zeros, (3,))

        def __call__(self, x: Any) -> Any:
            return self.dense(x) * self.scale

    def fn(m: Any, v: Any) -> Any:
        m.total.value = m.total.value + v.mean(0)
        return m.dropout(m.dense(v), deterministic=False) * m.scale + m.total.value

    with pytest.warns(jvpgen.NotGeneratedWarning, match="Plain.setup") as told:
        same(*both(fn, kind=Plain, ours=jvpgen.jvp, mutable=["state"], collections=("params", "state")), mutable=True)
        same(*both(fn, kind=Plain, ours=jvpgen.jvp, mutable=["state"]), mutable=True)
    assert len(told) == 1
    with pytest.raises(jvpgen.NotGenerated, match="Plain"):
        both(fn, kind=Plain, mutable=["state"])


# --- Transformations around -------------------------------------------------------------------------------------------


def test_jit_vmap_and_scan() -> None:
    def fn(m: Any, v: Any) -> Any:
        return m.encode(v)

    for lifted in (strict,):
        module = Outer(lifted, fn)
        reference = Outer(nn.jvp, fn)
        variables = reference.init({"params": KEY, "dropout": KEY}, X, X_DOT)

        def run(module: Any, x: Any, variables: Any = variables) -> Any:
            return module.apply(variables, x, X_DOT, rngs={"dropout": KEY})[0]

        batch = jnp.stack([X, 2 * X, X + 1])
        for transform in (jax.jit, jax.vmap, lambda f: lambda xs: jax.lax.map(f, xs)):
            inputs = X if transform is jax.jit else batch
            theirs, ours = (transform(functools.partial(run, m))(inputs) for m in (reference, module))
            assert_close(theirs, ours)
        theirs, ours = (jax.grad(lambda x, m=m: run(m, x)[1].sum())(X) for m in (reference, module))
        assert_close(theirs, ours)


def test_lifted_transforms_around() -> None:
    def fn(m: Any, v: Any) -> Any:
        return m.encode(v)

    class Scanned(nn.Module):
        lifted: Callable[..., Any]

        @nn.compact
        def __call__(self, x: Any) -> Any:
            def step(module: Any, carry: Any, _: Any) -> Any:
                inner = Encoder(name="inner", parent=module)
                inner(carry)
                return module.lifted(fn, inner, (carry,), (X_DOT,), {"params": ones(inner.variables["params"])})

            axes = {"variable_broadcast": ["params", "batch_stats"], "split_rngs": {"params": False}}
            return nn.scan(step, length=3, **axes)(self, x, None)

    variables = Scanned(nn.jvp).init(KEY, X)
    assert_close(*(Scanned(lifted).apply(variables, X) for lifted in (nn.jvp, strict)))


class Inside(nn.Module):
    """A directional derivative as a part of a model."""

    lifted: Any

    @nn.compact
    def __call__(self, x: Any) -> Any:
        inner = Encoder(name="inner")
        inner(x)
        tangents = {"params": ones(inner.variables["params"])}
        y, slope = self.lifted(lambda m, v: jnp.sin(m.encode(v)), inner, (x,), (x * 2,), tangents)
        return nn.Dense(2)(y * slope)


jvpgen.transform(Inside)


def squared(m: Any, v: Any) -> Any:
    return m.encode(v) ** 2


class Direct(nn.Module):
    """The same by name, on a constant input: only the variables can move."""

    @nn.compact
    def __call__(self, x: Any) -> Any:
        inner = Encoder(name="inner")
        y, slope = jvpgen.jvp(squared, inner, (jnp.ones((1, 3)),), (jnp.ones((1, 3)),), {})
        return x * y * slope


jvpgen.transform(Direct)


def test_variables_alone_move() -> None:
    variables = Direct().init(KEY, X)
    tangents = {"params": ones(variables["params"])}
    theirs = jax.jvp(
        lambda p: Direct().apply({**variables, "params": p}, X), (variables["params"],), (tangents["params"],)
    )
    assert_close(theirs, jvpgen.apply_jvp(Direct(), variables, (X,), None, tangents))


def test_forward_over_forward() -> None:
    variables = Inside(nn.jvp).init(KEY, X)
    tangents = ones(variables)
    theirs = jax.jvp(lambda v, x: Inside(nn.jvp).apply(v, x), (variables, X), (tangents, X_DOT))
    ours = jvpgen.apply_jvp(Inside(strict), variables, (X,), (X_DOT,), tangents)
    assert_close(theirs, ours)
    inputs = jax.jvp(lambda x: Inside(nn.jvp).apply(variables, x), (X,), (X_DOT,))
    assert_close(inputs, jvpgen.apply_jvp(Inside(strict), variables, (X,), (X_DOT,)))


# --- Tangents as people write them ------------------------------------------------------------------------------------


def run_with(tangents: Any, variable_tangents: Any, lifted: Any = strict, variables: Any = None) -> Any:
    module = Encoder()
    variables = module.init(KEY, X) if variables is None else variables

    def call(bound: Any) -> Any:
        return lifted(lambda m, v: m(v)["y"], bound, (X,), tangents, variable_tangents)

    return nn.apply(call, module)(variables)


def test_lists_none_and_frozen_dicts() -> None:
    params = Encoder().init(KEY, X)["params"]
    reference = run_with((X_DOT,), {"params": ones(params)}, nn.jvp)
    assert_close(reference, run_with([X_DOT], {"params": ones(params)}))
    assert_close(reference, run_with((np.asarray(X_DOT),), freeze({"params": ones(params)})))
    still = run_with((0 * X_DOT,), {"params": ones(params)}, nn.jvp)
    assert_close(still, run_with((None,), {"params": ones(params)}))
    assert_close(still, run_with(None, {"params": ones(params), "batch_stats": None}))
    along_inputs = run_with((X_DOT,), {}, nn.jvp)
    assert_close(along_inputs, run_with((X_DOT,), None))
    assert_close(along_inputs, run_with((X_DOT,), {"params": {}, "nothing": {}}))


def test_partial_trees() -> None:
    params = Encoder().init(KEY, X)["params"]
    full = jax.tree.map(jnp.zeros_like, params)
    full["dense"]["kernel"] = ones(params["dense"]["kernel"])
    reference = run_with((X_DOT,), {"params": full}, nn.jvp)
    assert_close(reference, run_with((X_DOT,), {"params": {"dense": {"kernel": full["dense"]["kernel"]}}}))


@pytest.mark.parametrize(
    ("tangents", "variable_tangents", "message"),
    [
        ((X_DOT[0],), {}, r"tangents\[0\]: shape \(3,\), expected \(2, 3\)"),
        ((X_DOT, X_DOT), {}, "1 primals but 2 tangents"),
        ((X_DOT,), {"weights": {"a": X}}, r"variable_tangents\['weights'\]: no such collection"),
        ((X_DOT,), {"params": {"dense": {"kern": X}}}, r"\['params'\]\['dense'\]\['kern'\]: no such entry"),
        ((X_DOT,), {"params": {"scale": jnp.ones(4)}}, r"\['params'\]\['scale'\]: shape \(4,\), expected \(3,\)"),
        ((X_DOT,), [X], "expected a mapping of collections"),
        ((X_DOT.astype(jnp.bfloat16),), {}, r"tangents\[0\]: dtype bfloat16, expected float32"),
    ],
)
def test_wrong_tangents_are_named(tangents: Any, variable_tangents: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        run_with(tangents, variable_tangents)


def test_a_module_from_outside_is_constant() -> None:
    class Two(nn.Module):
        lifted: Callable[..., Any]
        train: bool = False

        @nn.compact
        def __call__(self, x: Any) -> Any:
            inner, other = Encoder(), Encoder()
            inner(x), other(x)
            tangents = {"params": ones(inner.variables["params"])}

            def fn(m: Any, v: Any) -> Any:
                return m.encode(v) + other.norm(v, use_running_average=not self.train)

            return self.lifted(fn, inner, (x,), (X_DOT,), tangents)

    variables = Two(plain).init(KEY, X)
    assert_close(*(Two(lifted).apply(variables, X) for lifted in (nn.jvp, strict)))
    with pytest.raises(JaxTransformError):  # `nn.jvp` leaks a tracer
        Two(strict, train=True).apply(variables, X, mutable=["batch_stats"])


def test_modules_that_hold_bound_modules_are_refused_as_in_flax() -> None:
    class Holder(nn.Module):
        part: nn.Module

        def __call__(self, x: Any) -> Any:
            return self.part.encode(x)

    class Around(nn.Module):
        @nn.compact
        def __call__(self, x: Any) -> Any:
            return jvpgen.jvp(lambda m, v: m(v), Holder(Encoder()), (x,), (x,), {})

    with pytest.raises(NotImplementedError):
        Around().init(KEY, X)


def test_captured_intermediates_are_primals() -> None:
    def run(lifted: Any) -> Any:
        module = Outer(lifted, lambda m, v: m.encode(v))
        variables = Outer(nn.jvp, lambda m, v: m.encode(v)).init({"params": KEY, "dropout": KEY}, X, X_DOT)
        return module.apply(variables, X, X_DOT, rngs={"dropout": KEY}, capture_intermediates=True)[1]

    assert_close(run(nn.jvp), run(strict))


def test_transform_of_a_function_inside_another() -> None:
    gain = jnp.array([1.0, 2.0, 3.0])

    def inside(x: Any, y: Any = 2.0) -> Any:
        return jnp.sin(x) * gain * y

    for function in (inside, lambda x, y=3.0: x**2 * y + gain):
        made = jvpgen.transform(function)
        assert "_function" in made.source
        assert not made.report.opaque
        assert_close(made(X, x_dot=X_DOT), jax.jvp(function, (X,), (X_DOT,)))
        y, y_dot = jnp.float32(1.5), jnp.float32(0.5)
        assert_close(made(X, y, x_dot=X_DOT, y_dot=y_dot), jax.jvp(function, (X, y), (X_DOT, y_dot)))
