"""`jvp`: `flax.linen.jvp`, and with a scope `flax.core.lift.jvp`, where generated code runs inside.

Flax lifts: it names, binds, folds keys, hands in the variables and takes the updates out. In place of `jax.jvp`, the
tangents of the variables stand in the lifted scope as shadow collections, and the function is pushed forward.
"""

from __future__ import annotations

import contextlib
import functools
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax.core import Scope, lift
from flax.linen.transforms import lift_direct_transform

from jvpgen.runtime import boundary, live, local, missing, regions, runs, shadows
from jvpgen.runtime.errors import LostTangent, UnknownTangent
from jvpgen.runtime.interceptor import intercepted
from jvpgen.runtime.marks import marked
from jvpgen.runtime.narrow import check_only
from jvpgen.runtime.opaque import differentiated_in_scope
from jvpgen.runtime.pair import Pair, is_pair
from jvpgen.runtime.pushforward import push
from jvpgen.runtime.registry import Body, attach, exact_function, is_opaque
from jvpgen.runtime.snapshot import Snapshot

Call = Callable[[Any, list[Any]], Any]
"""`call(scopes, args)`, where what moves is a Pair; returns the value and its tangent as a Pair."""


def jvp(
    fn: Callable[..., Any],
    mdl: Any,
    primals: Sequence[Any],
    tangents: Sequence[Any] | None,
    variable_tangents: Any,
    variables: Any = True,
    rngs: Any = True,
    *,
    strict: bool = False,
) -> tuple[Any, Any]:
    """`fn(mdl, *primals)` and its tangent, inside a module or a function of a scope: a stand-in for `nn.jvp`.

    Args:
      fn: a function of a module, or of a scope, and of arrays. What it closes over is constant.
      mdl: the bound module, or the scope, whose variables move. (As in Flax, a tree of scopes is possible.)
      primals: the arguments of `fn` after the module.
      tangents: one for each of `primals`. None is zero, for one, for a part of one, and for all of them.
      variable_tangents: tangents by collection, with the structure of the variables or parts of it. What is left out is
        zero. For a tree of scopes, such a tree.
      variables, rngs: which collections and random streams `fn` sees, as in Flax.
      strict: raise NotGenerated for a function or module that would run in Flax's own way.

    Returns:
      `(out, out_dot)`; `out_dot` has the structure, shapes and dtypes of `out`, with `float0` for integers. Updates of
      mutable collections go to the module's scope, without their tangents.

    Raises:
      ValueError, TypeError: for a tangent that does not fit, with its path.
      NotGenerated: with `strict`, naming what has no derivative of its own.
    """
    with missing.reported(strict):
        if isinstance(mdl, nn.Module):
            return _of_module(fn, mdl, primals, tangents, variable_tangents, variables, rngs)
        local.derive(fn, Scope if isinstance(mdl, Scope) else None)
        call = functools.partial(_of_scopes, fn)
        return lifted(call, mdl, primals, tangents, variable_tangents, variables, rngs, held_by=fn)


def scope_jvp(
    function: Callable[..., Any],
    scope: Scope,
    primals: Sequence[Any],
    tangents: Sequence[Any] | None,
    variable_tangents: Mapping[str, Any] | None = None,
    keywords: Mapping[str, Any] | Pair | None = None,
    /,
    only: Sequence[str] | None = None,
    **kwargs: Any,
) -> tuple[Any, Any]:
    """`function(scope, *primals, **kwargs)` and its tangent: the public door of a derived function of a scope.

    A tangent of None is zero. Keyword arguments are constants, unless they are `Pair(primal, tangent)`. Variables that
    none of the patterns in `only` fits may have no tangent. `keywords` holds more keyword arguments, as a mapping or as
    a Pair of the mapping and its tangents. A bound module may stand for the scope.
    """
    if only is not None:
        check_only(only, variable_tangents)
    named = boundary.named_arguments(kwargs, keywords)
    fn = functools.partial(function, **named) if named else function
    if isinstance(scope, nn.Module):
        return _of_module(fn, scope, primals, tangents, variable_tangents, True, True)
    return lifted(functools.partial(_of_scopes, fn), scope, primals, tangents, variable_tangents, True, True)


# --- Modules and scopes -----------------------------------------------------------------------------------------------


def _of_module(
    fn: Any, mdl: nn.Module, primals: Any, tangents: Any, variable_tangents: Any, *filters: Any
) -> tuple[Any, Any]:
    local.derive(fn, type(mdl))

    def jvp(core_fn: Any, scope: Scope, primals: Any, tangents: Any, variable_tangents: Any) -> tuple[Any, Any]:
        def call(scope: Scope, args: list[Any]) -> Any:
            positional, named = marked(args, {})
            return core_fn(scope, *positional, **named)

        def plain_call(scope: Scope, args: list[Any]) -> Any:
            return Pair(*differentiated_in_scope(core_fn, scope, args))

        given = scope, primals, tangents, variable_tangents, *filters
        before = Snapshot(mdl)
        try:
            return lifted(call, *given, held_by=fn)
        except UnknownTangent as unknown:  # the function reads an attribute of a module without generated code
            setup = exact_function(type(unknown.module).setup)
            missing.report(setup, missing.of_module(type(unknown.module), setup), is_known=is_opaque(setup))
        before.restore()
        return lifted(plain_call, *given, held_by=fn)

    target = fn if isinstance(fn, types.FunctionType) or _is_of_module(fn) else _as_function(fn)
    outcome: tuple[Any, Any] = lift_direct_transform(
        jvp, (target,), mdl, primals, tangents, variable_tangents, multi_scope=False
    )
    return outcome


def _is_of_module(fn: Any) -> bool:
    return isinstance(fn, types.MethodType) and isinstance(fn.__self__, nn.Module)


def _as_function(fn: Any) -> Any:
    """A partial, or an object that can be called, as a function: Flax knows methods by their functions."""

    def function(mdl: Any, *args: Any) -> Any:
        return fn(mdl, *args)

    def derivative(mdl: Any, *args: Any, args_dot: Sequence[Any] = ()) -> Any:
        return push(fn, [mdl, *map(Pair, args, args_dot)], {})

    if callable(fn) and not isinstance(fn, type):
        attach(function, Body(derivative, function))
        return function
    return fn


def _of_scopes(fn: Any, scopes: Any, args: list[Any]) -> Any:
    return Pair(*push(fn, [scopes, *args], {}))


# --- The lift ---------------------------------------------------------------------------------------------------------


def lifted(
    call: Call,
    scopes: Any,
    primals: Sequence[Any],
    tangents: Sequence[Any] | None,
    variable_tangents: Any,
    variables: Any,
    rngs: Any,
    *,
    held_by: Any = None,
) -> tuple[Any, Any]:
    """The outcome of `call` on lifted scopes in which the tangents of the variables are shadows, as users get it."""
    structure = jax.tree.structure(scopes)
    given = _by_scope(variable_tangents, structure)
    args = boundary.arguments(_distinct(primals, held_by), tangents)
    moving = sorted({name for tree in given for name, part in tree.items() if jax.tree.leaves(part)})
    leaves = jax.tree.leaves(scopes)
    if any(shadows.is_marked(scope) and shadows.has_shadows(scope) for scope in leaves):
        raise LostTangent("`jvpgen.jvp` is called where its module's variables move already, but as if nothing moved")

    def inner(scope_fn: Any, repack_fn: Any, variable_groups: Any, rng_groups: Any) -> tuple[Any, Any]:
        groups = [{**own, **others} for own, others in zip(*variable_groups, strict=True)]
        if len(groups) != len(given):
            raise ValueError("scopes of which one is inside another have no tangents of their own: give the outer one")
        suffix = _suffix(groups, leaves, variables)
        moved = tuple(_with_shadows(group, tree, suffix) for group, tree in zip(groups, given, strict=True))
        inner_scopes = scope_fn((moved,), rng_groups)
        with _shadowed(inner_scopes, suffix) as owned, _apart(owned):
            outcome = call(inner_scopes, args)
        if not is_pair(outcome):
            raise LostTangent("a wrapper around the function hides its call from Flax's interceptors")
        updates = repack_fn(inner_scopes)
        return boundary.completed(outcome.primal, outcome.tangent), _without_pairs(updates)

    return lift.pack(inner, (moving, variables), (variables,), (rngs,), name="jvp")(scopes)  # type: ignore[no-any-return]


@contextlib.contextmanager
def _apart(scopes: Sequence[Scope]) -> Iterator[None]:
    """Other directions than those of the code around, if that has any."""
    with intercepted(), live.apart(), regions.apart(), runs.inside(scopes):
        yield


def _distinct(primals: Sequence[Any], fn: Any) -> list[Any]:
    """The primals; an array that the function holds as a constant as well becomes another one here, which moves."""
    held = {id(cell.cell_contents) for cell in getattr(fn, "__closure__", None) or () if _is_filled(cell)}
    held |= {id(value) for value in getattr(fn, "__defaults__", None) or ()}

    def distinct(leaf: Any) -> Any:
        return jnp.array(leaf) if isinstance(leaf, jax.Array) and id(leaf) in held else leaf

    return [distinct(primal) if isinstance(primal, jax.Array) else primal for primal in primals]


def _is_filled(cell: types.CellType) -> bool:
    try:
        _ = cell.cell_contents
    except ValueError:
        return False
    return True


# --- Variables --------------------------------------------------------------------------------------------------------


def _by_scope(variable_tangents: Any, structure: Any) -> list[Mapping[str, Any]]:
    """The tangents by collection, for each of the scopes."""
    if variable_tangents is None:
        return [{}] * structure.num_leaves
    trees = structure.flatten_up_to(variable_tangents)
    for tree in trees:
        if tree is not None and not isinstance(tree, Mapping):
            raise TypeError(f"variable_tangents: {type(tree).__name__}, expected a mapping of collections")
    return [tree or {} for tree in trees]


def _suffix(groups: Sequence[Mapping[str, Any]], scopes: Sequence[Scope], variables: Any) -> str:
    names = [name for group in groups for name in group] + shadows.names_in_filter(variables)
    return shadows.free_suffix(names + [name for scope in scopes for name in shadows.names_in_filter(scope.mutable)])


def _with_shadows(group: dict[str, Any], tangents: Mapping[str, Any], suffix: str) -> dict[str, Any]:
    """The collections of one scope, and beside each that moves its tangents."""
    found = dict(group)
    for name, tangent in tangents.items():
        if not jax.tree.leaves(tangent):
            continue
        if name not in group:
            raise ValueError(f"variable_tangents[{name!r}]: no such collection; the module has {sorted(group)}")
        found[name] = boundary.array_leaves(group[name])
        _, checked = boundary.checked(tangent, found[name], f"variable_tangents[{name!r}]")
        stored = shadows.sparse(checked, found[name])
        if stored:
            found[name + suffix] = stored
    return found


@contextlib.contextmanager
def _shadowed(scopes: Any, suffix: str) -> Iterator[list[Scope]]:
    """Within, shadows may be stored wherever their collections may; afterwards there are none."""
    owned = list({id(scope): scope for leaf in jax.tree.leaves(scopes) for scope in _with_parents(leaf)}.values())
    mutable = [scope.mutable for scope in owned]
    for scope in owned:
        shadows.mark_suffix(scope, suffix)
        scope.mutable = shadows.extended_filter(scope.mutable, suffix)
    yield owned
    for scope, before in zip(owned, mutable, strict=True):
        scope.mutable = before
        for name in [name for name in scope._variables if name.endswith(suffix)]:
            del scope._variables[name]


def _with_parents(scope: Scope | None) -> Iterator[Scope]:
    while scope is not None:
        yield scope
        scope = scope.parent


def _without_pairs(updates: Any) -> Any:
    """Captured intermediates are Pairs."""
    return jax.tree.map(lambda leaf: leaf.primal if is_pair(leaf) else leaf, updates, is_leaf=is_pair)
