"""Runs an example of a case: generated code against `jax.jvp` over `Module.apply`, whatever moves.

Eagerly, with everything moving, through the public function: the value must be that of `apply`, bit by bit (to
rounding, inside loops that JAX compiles). Under jit, for every mix of collections and arguments that move, in one
compilation: the tangents must be those of `jax.jvp`.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import Any

import jax
import numpy as np

from jvpgen import apply_jvp
from jvpgen.runtime import Pair
from tests.golden.examples import Example, is_array, is_float
from tests.golden.guard import only_generated
from tests.runtime.compare import assert_close, assert_equal, random_tangents

_FAST = {"xla_backend_optimization_level": 0}


@dataclass(frozen=True)
class Mix:
    """What moves: collections, and arguments by position or name."""

    collections: tuple[str, ...]
    arguments: tuple[str, ...]

    def of(self, tangents: Inputs) -> Inputs:
        """The tangents of what moves."""
        return Inputs(
            {name: tangents.variables[name] for name in self.collections},
            {name: tangents.arguments[name] for name in self.arguments},
        )


@dataclass(frozen=True)
class Inputs:
    """Arrays, or tangents, of variables and arguments."""

    variables: Mapping[str, Any]
    arguments: Mapping[str, Any]

    @property
    def mix(self) -> Mix:
        return Mix(tuple(self.variables), tuple(self.arguments))


jax.tree_util.register_dataclass(Inputs, ["variables", "arguments"], [])


def check_example(example: Example, generated: ModuleType, *, every_mix: bool, tolerance: float) -> None:
    """Raises where the generated code does not do what `jax.jvp` does.

    With `every_mix` all that stands above is checked, else only that all tangents together are right under jit.
    """
    inputs, tangents = inputs_of(example)
    mixes = list(_mixes(tangents.mix, example.heavy)) if every_mix else [tangents.mix]
    guard = contextlib.nullcontext if example.opaque else partial(only_generated, differentiates=example.differentiates)

    def run_all(inputs: Inputs, tangents: Inputs) -> list[Any]:
        return [_in_mix(mix, derived, example, inputs, mix.of(tangents), None) for mix in mixes]

    with guard():
        lowered = jax.jit(_on_arrays(run_all, tangents), compiler_options=_FAST).lower(inputs, _arrays(tangents))
    results = lowered.compile()(inputs, _arrays(tangents))
    reference = jax.jit(_on_arrays(partial(reference_of, example), tangents), compiler_options=_FAST)
    for mix, result in zip(mixes, results, strict=True):
        _in_mix(mix, assert_close, result, reference(inputs, _arrays(tangents, mix)), tolerance)
    if every_mix:
        with guard():
            (out, updates), (out_dot, _) = derived(example, inputs, tangents, example.public(generated))
        if example.compiled:
            assert_close((out, updates), applied(example, inputs), example.tolerance)
        else:
            assert_equal((out, updates), applied(example, inputs))
        _, (wanted_dot, _) = reference(inputs, _arrays(tangents))
        assert_close(jax.tree.map(without_float0, out_dot), wanted_dot, tolerance)


def inputs_of(example: Example) -> tuple[Inputs, Inputs]:
    """The arrays of an example, and random tangents for what may move."""
    variables = example.variables()
    arguments = {name: value for name, value in example.arguments.items() if _has_array(value)}
    moving = {name: value for name, value in arguments.items() if _has_float(value) and name not in example.still}
    moving_variables = {name: tree for name, tree in variables.items() if _has_float(tree)}
    return Inputs(variables, arguments), Inputs(random_tangents(moving_variables, 1), random_tangents(moving, 2))


def _mixes(all_moves: Mix, few: bool) -> Iterator[Mix]:
    """What may move together: no, the params or all collections, with every choice of arguments."""
    if few:
        yield from (all_moves, Mix(all_moves.collections, ()), Mix((), all_moves.arguments))
        return
    params = [("params",)] if "params" in all_moves.collections else []
    collections: list[tuple[str, ...]] = [(), *params, all_moves.collections]
    names = all_moves.arguments
    sizes = range(len(names) + 1) if len(names) <= 2 else (0, 1, len(names))
    arguments = [chosen for size in sizes for chosen in itertools.combinations(names, size)]
    yield from (Mix(c, a) for c, a in itertools.product(dict.fromkeys(collections), arguments))


def _in_mix(mix: Mix, step: Callable[..., Any], *args: Any) -> Any:
    try:
        return step(*args)
    except Exception as error:
        error.add_note(f"with tangents for {mix.collections} and {mix.arguments}")
        raise


# --- The two ways to the same result: ((out, updates), (out_dot, updates_dot)) ----------------------------------------


def applied(example: Example, inputs: Inputs) -> Any:
    args, kwargs = _call(example, inputs.arguments)
    if example.module is None:
        return example.function(*args, **kwargs), {}

    def called(bound: Any) -> Any:  # Flax's `apply` takes some names for its own
        return (getattr(bound, example.method) if example.method else bound)(*args, **kwargs)

    out = example.module.apply(inputs.variables, rngs=dict(example.rngs), mutable=example.mutable, method=called)
    return out if example.mutable is not False else (out, {})


def reference_of(example: Example, inputs: Inputs, tangents: Inputs) -> Any:
    """`jax.jvp` over everything that may move."""
    moving = Inputs(
        {name: inputs.variables[name] for name in tangents.variables},
        {name: inputs.arguments[name] for name in tangents.arguments},
    )

    def function(moving: Inputs) -> Any:
        variables = {**inputs.variables, **moving.variables}
        return applied(example, Inputs(variables, {**inputs.arguments, **moving.arguments}))

    return jax.jvp(function, (moving,), (tangents,))


def derived(example: Example, inputs: Inputs, tangents: Inputs, public: Any) -> Any:
    """The generated code, by its public function where one is given (it returns no tangents of updates)."""
    args, kwargs = _call(example, inputs.arguments)
    if public is not None:
        settings: dict[str, Any] = {}
        if example.module is not None:
            args = (example.module, inputs.variables, *args)
            given = {
                "variable_tangents": dict(tangents.variables),
                "rngs": dict(example.rngs),
                "mutable": example.mutable,
            }
            theirs = example.own_parameter_names()
            settings = {f"{name}_" if name in theirs else name: value for name, value in given.items()}
        out, out_dot, *updates = public(*args, **{**kwargs, **_tangents_by_name(example, tangents)}, **settings)
        return (out, updates[0] if updates else {}), (out_dot, {})
    pairs = {name: Pair(kwargs[name], tangents.arguments[name]) for name in kwargs if name in tangents.arguments}
    keywords = {**kwargs, **pairs}
    dots = tuple(tangents.arguments.get(str(place)) for place in range(len(args)))
    if example.module is None:
        from jvpgen.runtime.function import function_jvp

        out, out_dot = function_jvp(example.function, args, dots, **keywords)
        return (out, {}), (out_dot, {})
    result = apply_jvp(
        example.module,
        inputs.variables,
        args,
        dots,
        tangents.variables,
        rngs=dict(example.rngs),
        mutable=example.mutable,
        method=example.method,
        update_tangents=example.mutable is not False,
        keywords=keywords,
    )
    out, out_dot, updates, updates_dot = result if example.mutable is not False else (*result, {}, {})
    return (out, updates), (out_dot, updates_dot)


def _call(example: Example, arrays: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    arguments = {**example.arguments, **arrays}
    args = tuple(value for name, value in arguments.items() if name.isdigit())
    return args, {name: value for name, value in arguments.items() if not name.isdigit()}


def _tangents_by_name(example: Example, tangents: Inputs) -> dict[str, Any]:
    """The tangents as the public function's keyword arguments."""
    own_names = example.own_parameter_names()
    named: dict[str, Any] = {}
    for name, tangent in tangents.arguments.items():
        if name in own_names:
            named[_tangent_name(name, own_names)] = tangent
        elif not name.isdigit():  # one of `**kwargs`
            named[name] = Pair(example.arguments[name], tangent)
    for place, (name, is_star) in enumerate(example.parameter_names()):
        tangent, dot = tangents.arguments.get(str(place)), _tangent_name(name, own_names)
        if is_star:
            named[dot] = (*named.get(dot, ()), tangent)
        elif tangent is not None:
            named[dot] = tangent
    return named


def _tangent_name(name: str, own_names: Set[str]) -> str:
    return f"{name}_tangent" if f"{name}_dot" in own_names else f"{name}_dot"


# --- Arrays, since jit takes no float0 --------------------------------------------------------------------------------


def _has_array(tree: Any) -> bool:
    return any(map(is_array, jax.tree.leaves(tree)))


def _has_float(tree: Any) -> bool:
    return any(map(is_float, jax.tree.leaves(tree)))


def _arrays(tangents: Inputs, mix: Mix | None = None) -> list[Any]:
    """The tangents that are arrays; with a mix, zeros for what does not move."""
    collections = tangents.variables if mix is None else mix.collections
    arguments = tangents.arguments if mix is None else mix.arguments
    trees = [(tree, name in collections) for name, tree in tangents.variables.items()]
    trees += [(tree, name in arguments) for name, tree in tangents.arguments.items()]
    leaves = [(leaf, moves) for tree, moves in trees for leaf in jax.tree.leaves(tree)]
    return [leaf if moves else jax.numpy.zeros_like(leaf) for leaf, moves in leaves if leaf.dtype != jax.dtypes.float0]


def _on_arrays(function: Callable[[Inputs, Inputs], Any], tangents: Inputs) -> Callable[[Inputs, list[Any]], Any]:
    """The function of inputs and tangents as one of inputs and the tangents that are arrays, with such a result."""

    def wrapped(inputs: Inputs, arrays: list[Any]) -> Any:
        rest = iter(arrays)
        ordered = (tangents.variables, tangents.arguments)
        made = [
            {
                name: jax.tree.map(lambda leaf: leaf if leaf.dtype == jax.dtypes.float0 else next(rest), tree)
                for name, tree in group.items()
            }
            for group in ordered
        ]
        return jax.tree.map(without_float0, function(inputs, Inputs(*made)))

    return wrapped


def without_float0(leaf: Any) -> Any:
    if getattr(leaf, "dtype", None) == jax.dtypes.float0:
        return np.zeros((*leaf.shape, 0), np.int8)  # stands for it
    return leaf
