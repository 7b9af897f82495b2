"""Partners of Flax's lifted transforms: `partner(core, …)` is to `core`'s derivative what the transform is to `core`.

`core(scopes, *args)` is Flax's function around a method; called with a mark, it returns a Pair.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
from flax.core import lift
from flax.linen import partitioning, transforms

from jvpgen.runtime.control.agreement import Agreement, looped
from jvpgen.runtime.control.functions import Twin, bound, halves, outcome, pushed
from jvpgen.runtime.leafwise import as_tree
from jvpgen.runtime.lifted import part_at, pruned
from jvpgen.runtime.lifts.calls import Core, called, doubled, listed, suffix_of, twins
from jvpgen.runtime.lifts.filters import axes_with_shadows, with_shadows
from jvpgen.runtime.lifts.state import Shadows
from jvpgen.runtime.marks import KEYWORD, Mark, unmarked
from jvpgen.runtime.pair import Pair

Lifted = Callable[..., Pair]


def scan(core: Core, **settings: Any) -> Lifted:
    """`lift.scan`: the carry and the carried variables go round with their tangents."""

    def lifted(scopes: Any, init: Any, *xs: Any, **kwargs: Any) -> Pair:
        carried, outputs = Agreement(), Agreement()
        state = Shadows(settings["variable_carry"])
        inputs = twins(xs)

        def step(inner: Any, carry: Twin, *given: Twin) -> tuple[Twin, Twin]:
            with state.around(listed(inner)):
                out, leaves = called(core, inner, [carry, *given])
            if not isinstance(out, tuple | list) or len(out) != 2:
                raise TypeError(f"scan: the body must return a pair (carry, y), got {type(out).__name__}")
            count = len(jax.tree.leaves(out[0]))
            return (out[0], carried.met(out[0], leaves[:count])), (out[1], outputs.met(out[1], leaves[count:]))

        def trace(start: Twin) -> Pair:
            state.begun(listed(scopes))
            carry, y = lift.scan(step, **_scan_settings(settings, suffix_of(scopes)))(
                scopes, start, *inputs, **unmarked(kwargs)
            )
            (out, out_dot), (ys, ys_dot) = outcome(carry), outcome(y)
            return Pair((out, ys), (out_dot, ys_dot))

        return looped(trace, carried, *halves(init), listed(scopes))

    return lifted


def _scan_settings(settings: Mapping[str, Any], suffix: str) -> dict[str, Any]:
    out_axes = settings["out_axes"]
    return {
        **settings,
        "variable_axes": axes_with_shadows(settings["variable_axes"], suffix),
        "variable_broadcast": with_shadows(settings["variable_broadcast"], suffix),
        "variable_carry": with_shadows(settings["variable_carry"], suffix),
        "in_axes": doubled(settings["in_axes"]),
        "out_axes": (out_axes, out_axes),
    }


def remat_scan(core: Core, **settings: Any) -> Lifted:
    """`lift.remat_scan`: loops in loops over one carry."""

    def lifted(scopes: Any, init: Any, **kwargs: Any) -> Pair:
        carried, state = Agreement(), Shadows(settings["variable_carry"])
        suffix = suffix_of(scopes)
        extended = {name: with_shadows(settings[name], suffix) for name in ("variable_broadcast", "variable_carry")}
        extended["variable_axes"] = axes_with_shadows(settings["variable_axes"], suffix)

        def step(inner: Any, carry: Twin) -> Twin:
            with state.around(listed(inner)):
                out, leaves = called(core, inner, [carry])
            return out, carried.met(out, leaves)

        def trace(start: Twin) -> Pair:
            state.begun(listed(scopes))
            return Pair(*outcome(lift.remat_scan(step, **{**settings, **extended})(scopes, start, **unmarked(kwargs))))

        return looped(trace, carried, *halves(init), listed(scopes))

    return lifted


def vmap(core: Core, **settings: Any) -> Lifted:
    """`lift.vmap`: tangents are mapped over the axes of their values."""

    def lifted(scopes: Any, *args: Any, **kwargs: Any) -> Pair:
        state, out_axes = Shadows(), settings["out_axes"]

        def derivative(inner: Any, *given: Twin) -> Twin:
            with state.around(listed(inner)):
                out, leaves = called(core, inner, given)
            return out, as_tree(out, leaves)

        extended = {
            "variable_axes": axes_with_shadows(settings["variable_axes"], suffix_of(scopes)),
            "in_axes": doubled(settings["in_axes"]),
            "out_axes": (out_axes, out_axes),
        }
        return Pair(
            *outcome(lift.vmap(derivative, **{**settings, **extended})(scopes, *twins(args), **unmarked(kwargs)))
        )

    return lifted


def whole(transform: Callable[..., Any]) -> Callable[..., Lifted]:
    """`lift.checkpoint`, `lift.jit` and `lift.fold_rngs`: Pairs go through them as any tree does."""

    def partner(core: Core, **settings: Any) -> Lifted:
        def lifted(scopes: Any, *args: Any, **kwargs: Any) -> Pair:
            state = Shadows()

            def derivative(inner: Any, *given: Any, **named: Any) -> Any:
                with state.around(listed(inner)):
                    out = core(inner, *given, **named)
                return out

            variables = with_shadows(settings.get("variables", True), suffix_of(scopes))
            out: Pair = transform(derivative, **{**settings, "variables": variables})(scopes, *args, **kwargs)
            return out

        return lifted

    return partner


def remat_static(core: Core, **settings: Any) -> Lifted:
    """`partitioning.core_remat_static`, which takes no keywords: what is static stays bare, the mark goes inside."""

    def lifted(scopes: Any, *args: Any, **kwargs: Any) -> Pair:
        state = Shadows()

        def derivative(inner: Any, *given: Any) -> Any:
            with state.around(listed(inner)):
                out = core(inner, *given, **{KEYWORD: Mark()})
            return out

        variables = with_shadows(settings["variables"], suffix_of(scopes))
        extended = {**settings, "variables": variables}
        transform = partitioning.core_remat_static(derivative, **extended)  # type: ignore[no-untyped-call]
        out: Pair = transform(scopes, *args, **unmarked(kwargs))
        return out

    return lifted


def map_variables(core: Core, **settings: Any) -> Lifted:
    """`lift.map_variables`: what the collections are mapped to moves as the mapping says."""

    def lifted(scopes: Any, *args: Any, **kwargs: Any) -> Pair:
        suffix = suffix_of(scopes)
        extended = {name: with_shadows(settings[name], suffix) for name in ("mapped_collections", "variables")}
        extended["map_in_fn"] = _mapping(settings["map_in_fn"], suffix)
        extended["map_out_fn"] = _mapping(settings["map_out_fn"], suffix)
        out: Pair = lift.map_variables(core, **{**settings, **extended})(scopes, *args, **kwargs)
        return out

    return lifted


def _mapping(function: Any, suffix: str) -> Callable[[Any], Any]:
    """A mapping of collections, and of their shadows among them."""

    def mapped(target: Mapping[str, Any]) -> dict[str, Any]:
        plain = {name: tree for name, tree in target.items() if not name.endswith(suffix)}
        leaves = [
            part_at(target.get(name + suffix), path)
            for name, tree in plain.items()
            for path, _ in jax.tree_util.tree_flatten_with_path(tree)[0]
        ]
        if _only_names_axes(function):
            out = function(plain)
        else:
            out, leaves = pushed(function, [(plain, as_tree(plain, leaves))])
        moving = {name: pruned(tree) for name, tree in as_tree(out, leaves).items()}
        return {**out, **{name + suffix: tree for name, tree in moving.items() if tree is not None}}

    return mapped


def _only_names_axes(function: Any) -> bool:
    """Whether a mapping is one of `nn.add_metadata_axis`: it changes what boxes say of their axes."""
    owner = getattr(function, "__globals__", {}).get("__name__")
    return owner == transforms.__name__ and function.__qualname__.startswith("add_metadata_axis.")


_PARTNERS: Mapping[int, Callable[..., Lifted]] = {
    id(lift.scan): scan,
    id(lift.remat_scan): remat_scan,
    id(lift.vmap): vmap,
    id(lift.checkpoint): whole(lift.checkpoint),
    id(lift.jit): whole(lift.jit),
    id(lift.fold_rngs): whole(lift.fold_rngs),
    id(lift.map_variables): map_variables,
    id(partitioning.core_remat_static): remat_static,
}


def partner_of(transform: Any) -> Callable[..., Lifted] | None:
    """The partner of a transform, which takes its settings in any way; None if it has none."""
    partner = _PARTNERS.get(id(transform))
    if partner is None:
        return None

    def with_settings(core: Core, *args: Any, **kwargs: Any) -> Lifted:
        _, *settings = bound(transform, [core, *args], kwargs).items()
        return partner(core, **dict(settings))

    return with_settings
