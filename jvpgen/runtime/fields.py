"""Module fields that hold active values: `Scale(self.param("s", …))(x)`.

Flax sees the primal in the field; the tangent is kept beside it, on the instance. A clone of the module has it no more,
so whatever clones (a lifted transform) must take it along or refuse: `taken_along` does, `holds_moving` tells.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import flax.linen as nn
import jax

from jvpgen.runtime.zero import Zero, is_zero, zero

_HELD = "_jvpgen_field_tangents"


def with_tangents(module: nn.Module, kind: type[nn.Module], tangents: Sequence[Any], named: Mapping[str, Any]) -> Zero:
    """Keeps the constructor arguments' tangents on the module; returns the tangent of the module itself."""
    order = [f.name for f in dataclasses.fields(kind) if f.init and not f.kw_only]
    given = {**dict(zip(order, tangents, strict=False)), **named}
    held = {name: tangent for name, tangent in given.items() if not is_zero(tangent)}
    if held:
        object.__setattr__(module, _HELD, held)
    return Zero(module)


def moving_fields(module: Any) -> dict[str, Any]:
    """The tangents of the fields that move."""
    held: dict[str, Any] = vars(module).get(_HELD, {})
    return held


def holds_moving(value: Any) -> bool:
    """Whether a module, or one in its fields, or one in a container of them, has fields that move."""
    if not isinstance(value, nn.Module):
        return any(holds_moving(leaf) for leaf in jax.tree.leaves(value) if isinstance(leaf, nn.Module))
    return bool(moving_fields(value)) or any(holds_moving(getattr(value, name, None)) for name in _own_fields(value))


def taken_along(clone: Any, module: Any) -> Any:
    """The clone of a module, its fields and those of the modules in them moving as those of the module do."""
    if not isinstance(module, nn.Module):
        for inner_clone, inner in zip(jax.tree.leaves(clone), jax.tree.leaves(module), strict=True):
            if isinstance(inner, nn.Module):
                taken_along(inner_clone, inner)
        return clone
    if held := moving_fields(module):
        object.__setattr__(clone, _HELD, held)
    for name in _own_fields(module):
        taken_along(getattr(clone, name, None), getattr(module, name, None))
    return clone


def _own_fields(module: nn.Module) -> list[str]:
    return [f.name for f in dataclasses.fields(module) if f.init and f.name not in ("parent", "name")]


def field(self: Any, name: str) -> tuple[Any, Any]:
    """A field's value and its tangent."""
    value = getattr(self, name)
    held = moving_fields(self)
    return value, held[name] if name in held else zero(value)
