"""The numbers in automatic names: `Dense_0`, `Dense_1`, and in loops `Block_{i}`, `Block_{self.layers + 1}`.

Flax counts per class name and parent. A number is a constant plus source expressions; where a condition leaves a count
open, a counter holds several.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

_ATOM = re.compile(r"[\w.]+(\([^()]*\))?")
_SUM = re.compile(rf"{_ATOM.pattern}( [-+*] {_ATOM.pattern})*")
_MOST = 4  # more open counts than this are not told apart


@dataclass(frozen=True)
class Number:
    """`constant` plus the expressions `parts`."""

    constant: int = 0
    parts: tuple[str, ...] = ()

    def plus(self, other: Number) -> Number:
        return Number(self.constant + other.constant, self.parts + other.parts)

    def with_part(self, part: str, value: Number) -> Number:
        """This number with `value` for the part `part`."""
        if part not in self.parts:
            return self
        rest = tuple(item for item in self.parts if item != part)
        return Number(self.constant + value.constant, value.parts + rest)

    def times(self, count: str) -> Number:
        """As often as `count`, an expression, says."""
        if not self.constant and not self.parts:
            return self
        if count.isdecimal() and not self.parts:
            return Number(self.constant * int(count))
        if self == Number(1):
            return Number(0, (_in_sum(count),))
        return Number(0, (f"{_in_product(str(self))} * {_in_product(count)}",))

    def __str__(self) -> str:
        constant = [str(self.constant)] if self.constant or not self.parts else []
        return " + ".join([*self.parts, *constant])

    def in_name(self) -> str:
        """How it stands in a name: braces around what is not constant."""
        return f"{{{self}}}" if self.parts else str(self.constant)


def _in_sum(text: str) -> str:
    return text if _SUM.fullmatch(text) else f"({text})"


def _in_product(text: str) -> str:
    return text if _ATOM.fullmatch(text) else f"({text})"


@dataclass(frozen=True)
class Counters:
    """The next number of each class name; several where a condition leaves it open."""

    counts: tuple[tuple[str, tuple[Number, ...]], ...] = ()
    default: tuple[Number, ...] = (Number(),)

    def of(self, name: str) -> tuple[Number, ...]:
        return dict(self.counts).get(name, self.default)

    def set(self, name: str, numbers: Iterable[Number]) -> Counters:
        return replace(self, counts=tuple({**dict(self.counts), name: tuple(dict.fromkeys(numbers))}.items()))

    def counted(self, name: str) -> Counters:
        """After one more instance of the class `name`."""
        return self.set(name, (number.plus(Number(1)) for number in self.of(name)))

    def merged(self, other: Counters) -> Counters:
        """After one of two branches."""
        result = self
        for name in dict.fromkeys([*dict(self.counts), *dict(other.counts)]):
            numbers = tuple(dict.fromkeys((*self.of(name), *other.of(name))))
            result = result.set(name, numbers if len(numbers) <= _MOST else (Number(0, ("i",)),))
        return result
