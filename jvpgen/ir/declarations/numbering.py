"""The numbers in automatic names: `Dense_0`, `Dense_1`, and in loops `Block_{i}`, `Block_{2 * self.layers + 1}`.

Flax counts per class name and parent. A number is a constant plus source expressions where those are right whatever the
module's fields hold; else it is `OPEN`, some running number, written `{i}`. Where a condition leaves a count open, a
counter holds several.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

_ATOM = re.compile(r"[\w.]+(\([^()]*\))?")
_PRODUCT = re.compile(rf"{_ATOM.pattern}( \* {_ATOM.pattern})*")
_SUM = re.compile(rf"{_ATOM.pattern}( [-+*] {_ATOM.pattern})*")
_MOST = 4  # more counts than this are not told apart


@dataclass(frozen=True)
class Number:
    """`constant` plus the expressions `parts`; or, if `is_open`, some number."""

    constant: int = 0
    parts: tuple[str, ...] = ()
    is_open: bool = False

    @property
    def is_fixed(self) -> bool:
        return not self.parts and not self.is_open

    def plus(self, other: Number) -> Number:
        if self.is_open or other.is_open:
            return OPEN
        return Number(self.constant + other.constant, self.parts + other.parts)

    def with_part(self, part: str, value: Number) -> Number:
        """This number with `value` for the part `part`."""
        if part not in self.parts:
            return self
        return value.plus(Number(self.constant, tuple(item for item in self.parts if item != part)))

    def times(self, count: Number) -> Number:
        """The product with `count`."""
        if Number() in (self, count):
            return Number()
        if self.is_open or count.is_open:
            return OPEN
        if not self.parts:
            return count._scaled(self.constant)
        if not count.parts:
            return self._scaled(count.constant)
        if count.constant or len(count.parts) > 1:
            return OPEN
        return Number(0, (f"{_in_product(str(self))} * {_in_product(count.parts[0])}",))

    def _scaled(self, factor: int) -> Number:
        if factor == 1:
            return Number(self.constant, tuple(_in_sum(part) for part in self.parts))
        return Number(self.constant * factor, tuple(f"{factor} * {_in_product(part)}" for part in self.parts))

    def __str__(self) -> str:
        if self.is_open:
            return "i"
        text = " + ".join(self.parts) or str(self.constant)
        if self.parts and self.constant:
            text += f" {'-' if self.constant < 0 else '+'} {abs(self.constant)}"
        return text

    def in_name(self) -> str:
        """How it stands in a name: braces around what is not constant."""
        return str(self) if self.is_fixed else f"{{{self}}}"


OPEN = Number(is_open=True)


def _in_sum(text: str) -> str:
    return text if _SUM.fullmatch(text) else f"({text})"


def _in_product(text: str) -> str:
    return text if _PRODUCT.fullmatch(text) else f"({text})"


def consistent(numbers: Iterable[Number]) -> bool:
    """Whether formulas may stand in the names of one family: beside a running number, they would be taken for it."""
    return not any(number.is_open for number in numbers)


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
            result = result.set(name, numbers if len(numbers) <= _MOST else (OPEN,))
        return result

    def without(self, part: str, before: Counters) -> Counters:
        """As seen from outside of a loop that was left in some round: `part` stands for where a round began."""
        result = before
        for name, numbers in self.counts:
            if numbers != (Number(0, (part,)),):
                result = result.set(name, (OPEN,))
        return result
