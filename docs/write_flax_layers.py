"""Writes flax-layers.md by running all of flax.linen that computes: `python -m docs.write_flax_layers`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import jax

import jvpgen
from jvpgen.runtime import counts
from jvpgen.runtime.function import function_jvp
from tests.flax.catalogue import FUNCTIONS, LAYERS, TRANSFORMS, Lifted, Stack, Use
from tests.runtime.compare import random_tangents

PAGE = Path(__file__).with_name("flax-layers.md")

_HEAD = """\
# Flax's layers, transforms and functions

What of `flax.linen` is written out, and what goes through `jax.jvp` when the program runs. This page is written by
`docs/write_flax_layers.py`, which runs each; `tests/flax` compares each with `jax.jvp`, whatever moves. Not listed:
`nn.custom_vjp`, `nn.grad`, `nn.jvp`, `nn.value_and_grad` and `nn.vjp`, which go through `nn.jvp`; what computes
nothing; the layers for 8-bit numbers, which bring a `jax.custom_vjp`.
"""


def page() -> str:
    """The whole page."""
    parts = [_HEAD]
    for title, table in (("Layers", LAYERS), ("Lifted transforms", TRANSFORMS), ("Functions", FUNCTIONS)):
        parts.append(f"## {title}\n\n| | |\n| --- | --- |\n{''.join(_rows(table))}")
    return "\n".join(parts)


def _rows(table: Mapping[str, tuple[Use, ...]]) -> Iterator[str]:
    for name, uses in table.items():
        opaque = sorted({place for use in uses for place in _opaque_places(use)})
        yield f"| `nn.{name}` | {', '.join(opaque) or 'explicit'} |\n"


def _opaque_places(use: Use) -> Iterator[str]:
    """What goes through `jax.jvp`, with everything moving."""
    if isinstance(use.target, Lifted):
        for target in (Stack, Lifted, use.target.use):
            jvpgen.transform(target)
    counts.reset()
    tangents = [random_tangents(arg, 0) if isinstance(arg, jax.Array) else None for arg in use.args]
    if hasattr(use.target, "init"):
        variables = use.target.init({"params": jax.random.key(1), **use.rngs}, *use.args, **use.kwargs)
        settings = {"rngs": use.rngs, "mutable": use.mutable, **use.kwargs}
        jvpgen.apply_jvp(use.target, variables, use.args, tangents, random_tangents(variables, 1), **settings)
    else:
        function_jvp(use.target, use.args, tangents, **use.kwargs)
    yield from (f"`{name}` through `jax.jvp`" for kind, name in counts.snapshot().places if kind == "opaque")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
