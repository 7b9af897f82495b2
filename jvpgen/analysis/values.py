"""What a value at a file's top level calls when it is called: `act = jnp.tanh`, `dense = partial(nn.Dense, 4)`."""

from __future__ import annotations

from dataclasses import dataclass

from jvpgen.ir import nodes
from jvpgen.ir.lower import lower_expression
from jvpgen.ir.scoping import dotted
from jvpgen.source.module import SourceModule
from jvpgen.source.reach import Definition, Reach

_WRAPPERS = frozenset(
    "functools.partial jax.jit jax.vmap jax.checkpoint jax.remat jax.ad_checkpoint.checkpoint jax.named_call "
    "jax.custom_jvp jax.custom_derivatives.custom_jvp".split()
)


@dataclass(frozen=True)
class Called:
    """The qualified name of what is called in the end; with `wrapped`, other arguments may be given on the way."""

    qualified: str
    wrapped: bool


def called_through(name: str, source: SourceModule, reach: Reach) -> Called | None:
    """What the value `name` calls; None if it is no value, or its expression does not say."""
    wrapped, seen = False, {name}
    while True:
        found = reach.definition(name, source)
        if found is None or found.kind != "value":
            return Called(name, wrapped) if len(seen) > 1 else None
        target = _target(found, reach)
        if target is None or target in seen:
            return None
        wrapped |= dotted(_expression(found)) is None
        seen.add(target)
        name, source = target, found.module


def _expression(value: Definition) -> nodes.Expression:
    return lower_expression(value.node)  # type: ignore[arg-type]


def _target(value: Definition, reach: Reach) -> str | None:
    match _expression(value):
        case nodes.Call(function=function, arguments=(first, *_)) if _name(function, value, reach) in _WRAPPERS:
            return _name(first.value, value, reach) if not first.star and not first.keyword else None
        case expression:
            return _name(expression, value, reach)


def _name(node: nodes.Expression, value: Definition, reach: Reach) -> str | None:
    """What a dotted name in the value's file is, if that is one thing."""
    name = dotted(node)
    if name is None:
        return None
    found = {reach.resolve(meaning, value.module) for meaning in reach.names(value.module).alternatives(name)}
    return found.pop() if len(found) == 1 else None
