"""`nn.jvp`, `nn.vjp`, `nn.grad` and `nn.value_and_grad` inside a module that is differentiated forward.

As for JAX's own (`control.slopes`), derivatives are taken of value and tangent together. The function runs once, in one
lift: the shadows of the variables are in its scope, and updates take theirs along.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax.core import Scope, lift
from flax.linen.transforms import lift_direct_transform

from jvpgen.runtime import regions
from jvpgen.runtime.callables import carrying
from jvpgen.runtime.control.cotangents import moving_leaves, of_both
from jvpgen.runtime.control.functions import Outcome, Twin, bound, halves, plain, pushed_call, twin
from jvpgen.runtime.control.slopes import exchanged, spread
from jvpgen.runtime.errors import LostTangent
from jvpgen.runtime.fields import holds_moving
from jvpgen.runtime.leafwise import as_tree, instantiated, leaf_tangents, of_tree, tangent_form
from jvpgen.runtime.lifted import part_at, pruned
from jvpgen.runtime.lifts.calls import listed, of_module, suffix_of
from jvpgen.runtime.lifts.filters import with_shadows
from jvpgen.runtime.lifts.state import Shadows
from jvpgen.runtime.pair import Pair, is_pair, primal_of, tangent_of
from jvpgen.runtime.zero import is_inexact, zero

Run = Callable[[Any, Sequence[Twin]], tuple[Any, Any]]
"""`run(groups, twins)`: the value with the tangents that move; auxiliary output, its tangents, and the updates."""


def value_and_grad(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome | None:
    """`nn.value_and_grad(fn, mdl, *primals, has_aux, …)`: over the arguments, variables aside."""
    lifted = _Lifted.of(nn.value_and_grad, args, kwargs)
    if lifted is None or not all(is_inexact(leaf) for leaf in jax.tree.leaves(lifted.values)):
        return None

    def derive(run: Run, groups: Any) -> Any:
        def function(*values: Any) -> Any:
            return run(groups, lifted.at(values))

        (value, moving), pull, (aux, aux_leaves, updates) = jax.vjp(function, *lifted.values, has_aux=True)
        if jnp.shape(value) != ():
            raise ValueError(
                f"grad can only work on functions with scalar-valued outputs. out shape={jnp.shape(value)}"
            )
        grads = pull((jnp.ones_like(value), [jnp.zeros_like(leaf) for leaf in moving]))
        grads_dot = pull((jnp.zeros_like(value), [jnp.ones_like(leaf) for leaf in moving])) if moving else None
        return (value, moving, grads, grads_dot, aux, aux_leaves), updates

    made = lifted.lift(derive)
    if made is None:
        return None
    value, moving, grads, grads_dot, aux, aux_leaves = made
    value_dot = tangent_form(value, lifted.spread(moving))
    grads_dot = zero(grads) if grads_dot is None else tangent_form(grads, jax.tree.leaves(grads_dot))
    if not lifted.has_aux:
        return (value, grads), (value_dot, grads_dot)
    return ((value, aux), grads), ((value_dot, tangent_form(aux, aux_leaves)), grads_dot)


def grad(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome | None:
    """`nn.grad(fn, mdl, *primals, has_aux, …)`."""
    outcome = value_and_grad(args, kwargs)
    if outcome is None:
        return None
    (value, grads), (value_dot, grads_dot) = outcome
    if not plain(kwargs.get("has_aux", False)):
        return grads, grads_dot
    return (grads, value[1]), (grads_dot, value_dot[1])


def vjp(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome | None:
    """`nn.vjp(fn, mdl, *primals, has_aux, vjp_variables, …)`: the pullback carries tangents."""
    lifted = _Lifted.of(nn.vjp, args, kwargs)
    if lifted is None or plain(kwargs.get("multi_scope", False)):
        return None

    def derive(run: Run, chosen: Any, others: Any) -> Any:
        def function(variables: Any, *values: Any) -> Any:
            return run((variables, others), lifted.at(values))

        both, pull, (aux, aux_leaves, updates) = jax.vjp(function, chosen, *lifted.values, has_aux=True)
        return (*both, pull, aux, aux_leaves), updates

    made = lifted.lift(derive, plain(kwargs.get("vjp_variables", "params")))
    if made is None:
        raise LostTangent(
            "nn.vjp of a function with a jax.custom_jvp, or one that jvpgen cannot read: its pullback moves"
        )
    value, moving, both_pull, aux, aux_leaves = made

    def pulled(cotangents: Any) -> Any:
        (by_variables, *by_arguments) = both_pull(cotangents)
        return (by_variables[0], *by_arguments)

    def run(held: Any, given: list[Any], _: Mapping[str, Any]) -> Outcome:
        cotangent, cotangent_dot = halves(given[0])
        back = held.primal((cotangent, [jnp.zeros_like(leaf) for leaf in moving]))
        if not moving and all(leaf is None for leaf in cotangent_dot):
            return back, zero(back)
        back_dot = held.primal(of_both(cotangent, cotangent_dot, lifted.moves, moving))
        return back, tangent_form(back, moving_leaves(back_dot))

    pull = carrying(pulled, both_pull, run)
    out_dot = tangent_form(value, lifted.spread(moving)), zero(pull)
    if not lifted.has_aux:
        return (value, pull), out_dot
    return (value, pull, aux), (*out_dot, tangent_form(aux, aux_leaves))


def jvp(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome | None:
    """`nn.jvp(fn, mdl, primals, tangents, variable_tangents, …)`: along arguments and variables, values and shadows."""
    given = bound(nn.jvp, args, kwargs)
    settings = {name: given[name] for name in ("variables", "rngs")}
    lifted = _Lifted.of(nn.vjp, [given["fn"], given["mdl"], *_items(given["primals"])], settings)
    along = [twin(tangent) for tangent in _items(given["tangents"])]
    directions, second = primal_of(given["variable_tangents"]), tangent_of(given["variable_tangents"])
    if lifted is None or len(along) != len(lifted.twins) or not isinstance(directions, Mapping):
        return None
    directions = {name: tree for name, tree in directions.items() if tree}
    second = second if isinstance(second, Mapping) else {}
    aligned = [_aligned(value, dot, further) for (value, dot), (_, further) in zip(lifted.twins, along, strict=True)]

    def derive(run: Run, chosen: Any, others: Any) -> Any:
        (group,), (rest,) = chosen, others
        shadows = {name: _parts(tree, rest.get(name + lifted.suffix)) for name, tree in group.items()}
        further = {name: leaf_tangents(second.get(name), tree) for name, tree in directions.items()}
        pairs = {name: _aligned_leaves(tree, shadows[name], further[name]) for name, tree in group.items()}

        def function(variables: Any, moving: Any, values: Any, tangents: Any) -> Any:
            trees = {name: pruned(as_tree(tree, moving[name])) for name, tree in variables[0].items()}
            found = {name + lifted.suffix: tree for name, tree in trees.items() if tree is not None}
            return run((variables, ({**rest, **found},)), list(zip(values, tangents, strict=True)))

        primals = (chosen, {n: p for n, (p, _) in pairs.items()}, tuple(lifted.values), [p for p, _ in aligned])
        tangents = (
            (directions,),
            {n: t for n, (_, t) in pairs.items()},
            tuple(value for value, _ in along),
            [t for _, t in aligned],
        )
        both, product, (_, _, updates) = jax.jvp(function, primals, tangents, has_aux=True)
        return (both, product), updates

    made = lifted.lift(derive, tuple(directions))
    if made is None:
        return None
    (value, moving), (product, moving_product) = made
    value_dot = tangent_form(value, lifted.spread(moving))
    return (value, product), (value_dot, tangent_form(product, lifted.spread(moving_product)))


def _items(argument: Any) -> list[Any]:
    """The items of a sequence of arguments, as Pairs where it is one."""
    if not is_pair(argument):
        return list(argument)
    parts = argument.tangent if isinstance(argument.tangent, list | tuple) else [None] * len(argument.primal)
    return [Pair(value, dot) for value, dot in zip(argument.primal, parts, strict=True)]


def _parts(tree: Any, shadow: Any) -> list[Any]:
    return [part_at(shadow, path) for path, _ in jax.tree_util.tree_flatten_with_path(tree)[0]]


def _aligned(value: Any, dot: Any, further: Any) -> tuple[Any, Any]:
    """A tangent, and the tangent of what it is differentiated along, with zeros for what moves in the other only."""
    parts = _aligned_leaves(value, of_tree(value, dot), of_tree(value, further))
    return as_tree(value, parts[0]), as_tree(value, parts[1])


def _aligned_leaves(value: Any, dots: Sequence[Any], further: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    moves = [a is not None or b is not None for a, b in zip(dots, further, strict=True)]
    return instantiated(dots, value, moves), instantiated(further, value, moves)


# --- The lift ---------------------------------------------------------------------------------------------------------


class _Lifted:
    """A function of a module as one of its variables and of twins.

    `moves` says of the leaves of its value, auxiliary ones aside, which have a tangent; it is known after a run.
    """

    def __init__(self, given: Mapping[str, Any], primals: Sequence[Any]) -> None:
        self._fn, self._module, self.has_aux = given["fn"], plain(given["mdl"]), bool(plain(given["has_aux"]))
        self.twins = [twin(primal) for primal in primals]
        self.values = [value for value, _ in self.twins]
        self.moves: list[bool] = []
        self.suffix = suffix_of(self._module.scope)
        self._variables, self._rngs = with_shadows(given["variables"], self.suffix), given["rngs"]

    @classmethod
    def of(cls, transform: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> _Lifted | None:
        """None for calls for which Flax has the words, and for modules of which a clone would lose tangents."""
        given = bound(transform, args, kwargs)
        module, primals = plain(given["mdl"]), given.get("primals", ())
        if not isinstance(module, nn.Module) or module.scope is None or given["reduce_axes"]:
            return None
        if any(map(holds_moving, (module, *primals))):
            return None
        return cls(given, primals)

    def at(self, values: Sequence[Any]) -> list[Twin]:
        return [(value, tree) for value, (_, tree) in zip(values, self.twins, strict=True)]

    def spread(self, moving: Sequence[Any]) -> list[Any]:
        return spread(self.moves, moving)

    def lift(self, derive: Callable[..., tuple[Any, Any]], chosen: Any = None) -> Any:
        """What `derive(run, *groups)` returns first, in a lift that takes the updates it returns; None where the order
        of derivatives may matter. A filter of `chosen` collections makes a first group of them."""
        filters = (self._variables,) if chosen is None else (chosen, self._variables)

        def core(core_fn: Any, scope: Scope) -> Any:
            def inner(scope_fn: Any, repack_fn: Any, variable_groups: Any, rng_groups: Any) -> tuple[Any, Any]:
                def run(groups: Any, twins: Sequence[Twin]) -> tuple[Any, Any]:
                    inside = scope_fn(groups if chosen is not None else (groups,), rng_groups)
                    with Shadows().around(listed(inside)):
                        value, leaves, aux, aux_leaves = core_fn(inside, *twins)
                    self.moves = [leaf is not None for leaf in leaves]
                    moving = [leaf for leaf in leaves if leaf is not None]
                    return (value, moving), (aux, aux_leaves, repack_fn(inside))

                return derive(run, *variable_groups)

            return lift.pack(inner, filters, (self._variables,), (self._rngs,), enable_kwargs=False)(scope)

        def lifted() -> Any:
            with regions.plain():
                return lift_direct_transform(core, (self._branch,), self._module, multi_scope=False)

        return exchanged(lifted, [self._module.scope])

    def _branch(self, inner: nn.Module, *twins: Twin) -> Any:
        out, leaves = pushed_call(*of_module(self._fn, inner), twins)
        value, aux = out if self.has_aux else (out, ())
        count = len(jax.tree.leaves(value))
        return value, leaves[:count], aux, leaves[count:]
