"""Random programs as a hypothesis strategy, and searches over them that find the same programs each time."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import HealthCheck, given, reject, seed, settings
from hypothesis import strategies as st

from tests.programs.check import Rejected, check
from tests.programs.program import program


@st.composite
def programs(draw: st.DrawFn, favourite: str) -> str:
    """The texts of programs that like one family of statements most."""
    return program(lambda options: draw(st.integers(0, options - 1)), favourite)


def search(favourite: str, number: int, count: int) -> Counted:
    """Checks `count` programs, the same for each `number`; raises for the smallest that fails, with its text."""
    counted = Counted()

    @seed(number)
    @settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(programs(favourite))
    def each(text: str) -> None:
        counted.run(text)

    each()
    return counted


class Counted:
    """How many programs ran, and how many of them flax or JAX refuse."""

    def __init__(self, one: Callable[[str], int] = check) -> None:
        self.ran, self.rejected, self.opaque = 0, 0, 0
        self._check = one

    def run(self, text: str) -> None:
        try:
            self.opaque += bool(self._check(text))
        except Rejected:
            self.rejected += 1
            reject()
        except Exception as error:
            error.add_note(text)
            raise
        self.ran += 1
