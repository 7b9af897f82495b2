"""How the calls of this thread were differentiated, counted while they are traced.

`dispatched`: decided at run time, by a rule or a body. `opaque`: went through `jax.jvp`. The keys of `places` are the
names of what was called.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["dispatched", "opaque"]


@dataclass(frozen=True)
class Counts:
    """One thread's counts since the last reset."""

    dispatched: int = 0
    opaque: int = 0
    places: dict[tuple[Kind, str], int] = field(default_factory=dict)


class _Local(threading.local):
    def __init__(self) -> None:
        self.places: Counter[tuple[Kind, str]] = Counter()


_local = _Local()


def count(kind: Kind, name: str) -> None:
    _local.places[kind, name] += 1


def reset() -> None:
    _local.places.clear()


def snapshot() -> Counts:
    places = dict(_local.places)
    return Counts(
        dispatched=sum(number for (kind, _), number in places.items() if kind == "dispatched"),
        opaque=sum(number for (kind, _), number in places.items() if kind == "opaque"),
        places=places,
    )
