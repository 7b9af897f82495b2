"""Random methods that make modules in loops, and what their listed names mean where each module is made.

A name's braces are read with the source's own variables, as they stand at the place: `A_{2 * i + 1}` must be the name
that Flax gives. A single word in braces, `A_{i}`, is some number.
"""

from __future__ import annotations

import itertools
import random
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

HEAD = """\
import functools
from typing import Any
import flax.linen as nn
import jax

WIDTHS = (2, 3)


class A(nn.Module):
    tag: Any = None

    def __call__(self, x):
        return x


class B(A):
    pass


class M(nn.Module):
    n: int = 2
    m: int = 3
    flag: bool = True
    sizes: tuple = (1, 2)
    others: tuple = (3, 1)
    kind: Any = A
"""

CONFIGURATIONS: list[dict[str, Any]] = [
    {},
    {"n": 0, "flag": False},
    {"n": 1, "m": 0, "sizes": (3, 4, 6, 3), "others": (1,)},
    {"n": 3, "m": 2, "flag": False, "sizes": (), "kind": nn.RMSNorm},
    {"n": 4, "m": 1, "sizes": (0, 2, 0, 1), "others": (2, 0, 1, 1, 5)},
]

_LOOPS = [
    "for {v} in range(self.n):", "for {v} in range(3):", "for {v} in range(1, self.n):", "for _ in range(self.m):",
    "for {v} in range(2, 5):", "for {v} in range(0, 6, 2):", "for {v} in self.sizes:", "for {v} in (2, 1):",
    "for {v}, s in enumerate(self.sizes):", "for {v}, s in enumerate(self.sizes, 1):", "for {v} in WIDTHS:",
    "for {v}, s in zip(self.sizes, self.others):", "for {v} in reversed(range(self.n)):", "for {v} in range(count):",
    "for {v} in range(local):", "for {v} in range(len(self.sizes)):", "for {v} in range(self.n - 1):",
]  # fmt: skip


class Writer:
    """Writes statements; `variables` are the loop variables around, `made` how an instance comes to be."""

    def __init__(self, seed: int, made: str) -> None:
        self.random = random.Random(seed)
        self.made = made
        self.fresh = (f"{letter}{number}" for number in itertools.count() for letter in "ij")

    def method(self) -> Iterator[str]:
        yield "count = 2"
        yield "local = self.n * 2"
        for _ in range(self.random.randint(1, 4)):
            yield from self.statement(0, [])

    def test(self, variables: list[str]) -> str:
        choices = ["self.flag", "self.n > 1"] + [f"{name} % 2 == 0" for name in variables]
        return self.random.choice(choices)

    def make(self) -> str:
        return self.made.format(kind=self.random.choice(["A", "A", "B"]))

    def statement(self, depth: int, variables: list[str]) -> Iterator[str]:
        kinds = ["make", "make", "loop", "if", "ternary", "list", "helper", "rebind", "try"]
        if variables:
            kinds += ["jump", "inner", "make", "make"]
        kind = self.random.choice(kinds if depth < 3 else ["make"])
        if kind == "make":
            yield self.make()
        elif kind == "loop":
            yield from self.loop(depth, variables, self.random.choice(_LOOPS))
        elif kind == "inner":
            yield from self.loop(depth, variables, f"for {{v}} in range({variables[-1]}):")
        elif kind == "if":
            yield f"if {self.test(variables)}:"
            yield from self.indented(depth, variables)
            if self.random.random() < 0.5:
                yield "else:"
                yield from self.indented(depth, variables)
        elif kind == "ternary":
            yield (
                f"if {self.test(variables)} and self.made(A()): pass"
                if "(x)" not in self.made
                else (f"x = A()(x) if {self.test(variables)} else x")
            )
        elif kind == "list":
            where = f" if {self.test(variables)}" if self.random.random() < 0.5 else ""
            yield self.listed(f"for _ in range(self.n) for _ in self.sizes{where}")
        elif kind == "helper":
            yield self.helper()
        elif kind == "jump":
            yield f"if {self.test(variables)}:"
            yield f"    {self.random.choice(['continue', 'break'])}"
        elif kind == "try":
            yield "try:"
            yield from self.indented(depth, variables)
            yield "except ValueError:"
            yield from self.indented(depth, variables)
        else:
            yield self.random.choice(["count += 1", "local = 3"])

    def listed(self, clauses: str) -> str:
        return f"[A()(x) {clauses}]" if "(x)" in self.made else f"layers += [A() {clauses}]"

    def helper(self) -> str:
        return "x = self.helper(x)" if "(x)" in self.made else "layers.extend([B(), A()])"

    def loop(self, depth: int, variables: list[str], head: str) -> Iterator[str]:
        name = next(self.fresh)
        if self.random.random() < 0.1:
            head = "while {v} < self.n:"
            yield f"{name} = 0"
        yield head.format(v=name)
        if head.startswith("while"):
            yield f"    {name} += 1"
        yield from self.indented(depth, [*variables, name] if "{v}" in head else variables)
        if self.random.random() < 0.1:
            yield "else:"
            yield f"    {self.make()}"

    def indented(self, depth: int, variables: list[str]) -> Iterator[str]:
        for _ in range(self.random.randint(1, 2)):
            for line in self.statement(depth + 1, variables):
                yield f"    {line}"


def compact_program(seed: int) -> str:
    body = "".join(f"        {line}\n" for line in Writer(seed, "x = {kind}()(x)").method())
    helper = "        if self.flag:\n            return A()(A()(x))\n        return B()(x)\n"
    call = f"    @nn.compact\n    def __call__(self, x):\n{body}        return x\n"
    return f"{HEAD}\n{call}\n    def helper(self, x):\n{helper}"


def setup_program(seed: int) -> str:
    body = "".join(f"        {line}\n" for line in Writer(seed, "layers.append({kind}())").method())
    call = "        for layer in self.layers:\n            x = layer(x)\n        return x\n"
    made = f"    def setup(self):\n        layers = []\n{body}        self.layers = layers\n"
    return f"{HEAD}\n{made}\n    def __call__(self, x):\n{call}\n    def made(self, module):\n        return True\n"


# --- What is made -----------------------------------------------------------------------------------------------------


def names_made(cls: Any, fields: Mapping[str, Any], path: Path) -> list[tuple[str, dict[str, Any]]]:
    """The direct children of an instance, each with the variables around the place in `path` where it is made."""
    modules: list[nn.Module] = []
    places: list[dict[str, Any]] = []
    original = nn.Module.__post_init__

    def noted(self: Any) -> None:
        if type(self).__name__ != "M":
            if self.__dict__.get("tag") is None:  # else it is a copy, which Flax names in place of the first
                object.__setattr__(self, "tag", len(places))
                places.append(_variables(sys._getframe(1), path))
            modules.append(self)
        original(self)

    nn.Module.__post_init__ = noted  # type: ignore[method-assign]
    try:
        jax.eval_shape(lambda: cls(**fields).init(jax.random.key(0), jnp.ones((2,))))
    finally:
        nn.Module.__post_init__ = original  # type: ignore[method-assign]
    return [(module.name, places[module.tag]) for module in modules if module.name is not None and places[module.tag]]


def _variables(frame: FrameType | None, path: Path) -> dict[str, Any]:
    """The locals around a place, innermost first, up to the method of the module."""
    found: dict[str, Any] = {}
    while frame is not None:
        if frame.f_code.co_filename == str(path):
            found = {**frame.f_globals, **frame.f_locals, **found} if not found else {**frame.f_locals, **found}
        frame = frame.f_back
    return found


# --- What is listed ---------------------------------------------------------------------------------------------------

_BRACES = re.compile(r"\{([^{}]*)\}")
_WORD = re.compile(r"\b[i-w]\b")


def stands_for(listed: str, actual: str, variables: Mapping[str, Any]) -> bool:
    """Whether a listed name, read with `variables`, is the actual one; letters that they lack are any number."""
    formulas = [part for part in _BRACES.findall(listed) if not part.isidentifier()]
    letters = sorted({word for part in formulas for word in _WORD.findall(part)} - set(variables))
    for values in itertools.product(range(9), repeat=len(letters)):
        known = {**variables, **dict(zip(letters, values, strict=True))}
        with suppress(NameError):
            if _pattern(listed, known).fullmatch(actual):
                return True
    return False


def _pattern(listed: str, known: dict[str, Any]) -> re.Pattern[str]:
    parts = _BRACES.split(listed)
    for position in range(1, len(parts), 2):
        word = parts[position].isidentifier()
        parts[position] = r"\w+" if word else str(eval(parts[position], known))
    return re.compile("".join(part if position % 2 else re.escape(part) for position, part in enumerate(parts)))
