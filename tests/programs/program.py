"""A whole program: a file with one derived module, whatever it uses, how it is run and what moves."""

from __future__ import annotations

from tests.programs.control import CONTROL
from tests.programs.functions import FUNCTIONS, STATE
from tests.programs.language import LANGUAGE
from tests.programs.lifted import LIFTED
from tests.programs.state import STATE_FORMS
from tests.programs.values import STRAIGHT, row, rows, scalar
from tests.programs.writer import File, Pick, Room, Writer

FAMILIES = {
    "straight": STRAIGHT,
    "language": LANGUAGE,
    "functions": FUNCTIONS,
    "state": STATE_FORMS,
    "control": CONTROL,
    "lifted": LIFTED,
}

_HEAD = '''"""Written by a test."""

import functools
from typing import Any, NamedTuple

import flax
import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen
from jax import lax

D = jnp.{dtype}
'''
_CLASS = """@jvpgen.derive
class Program(nn.Module):
    flag: bool = True
    n: int = 2
"""
_EXAMPLE = """def example():
    key, normal = jax.random.key(0), jax.random.normal
    rngs = {{"dropout": jax.random.key(1), "noise": jax.random.key(2)}}
    args = (normal(key, (2, 3), D), normal(jax.random.key(3), (3,), D), jnp.asarray(0.6, D))
    return {{"module": Program({fields}), "args": args, "rngs": rngs, "mutable": {mutable}, "compiled": True}}


MOVING = {moving}
"""

_DTYPES = ["float32", "float32", "float32", "float64", "bfloat16"]
_MUTABLE: list[tuple[str, ...]] = [
    (),
    ("stats", "batch_stats"),
    ("stats", "batch_stats", "intermediates"),
    ("intermediates",),
]
_VARIABLES = ("params", "stats", "batch_stats", "perturbations")
_MOVING: list[tuple[str, ...]] = [
    (*_VARIABLES, "0", "1", "2"),
    (*_VARIABLES, "0", "1", "2"),
    ("params",),
    ("0",),
    ("1", "2"),
    ("stats", "batch_stats", "perturbations", "1"),
    ("params", "2"),
]


def program(pick: Pick, favourite: str) -> str:
    """The text of a program that likes one family most."""
    file = File(FAMILIES, favourite)
    writer = Writer(pick, file)
    file.mutable = writer.choose(_MUTABLE)
    dtype, moving = writer.choose(_DTYPES), writer.choose(_MOVING)
    with writer.top_level(Room(flax=True, compact=True, fields=True, depth=4)):
        writer.line(_CLASS)
        writer.indent += 1
        writer.line("@nn.compact")
        parameters = {"x": "rows", "y": "row", "s": "scalar"}
        header = "def __call__(self, x, y, s):"
        with writer.function(header, parameters, _result, flax=True, compact=True):  # type: ignore[arg-type]
            writer.statements(4)
            writer.statements(4)
    fields = writer.choose(["", "flag=False", "n=1"])
    mutable = list(file.mutable) or False
    parts = [_HEAD.format(dtype=dtype), *file.definitions]
    return "\n\n".join([*parts, _EXAMPLE.format(fields=fields, mutable=mutable, moving=moving)])


def _result(writer: Writer) -> str:
    """The latest of what is known, so that little is in vain."""
    arrays = [name for kind in ("row", "rows", "scalar", "list", "dict") for name in writer.of_kind(kind)[:3]]  # type: ignore[arg-type]
    how = writer.choose(["tuple", "dict", "record", "one"])
    if how == "record":
        writer.file.define("State", STATE)
        return f"State({row(writer)}, ({', '.join(arrays)}))"
    if how == "dict":
        return "{" + ", ".join(f'"k{place}": {name}' for place, name in enumerate(arrays)) + "}"
    if how == "one":
        return f"{rows(writer)} * {row(writer, 0)} + {scalar(writer, 0)}, [{', '.join(arrays)}]"
    return ", ".join(arrays)
