"""Random programs as a hypothesis strategy, and searches over them that find the same programs each time."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import HealthCheck, Phase, given, reject, seed, settings
from hypothesis import strategies as st

from tests.programs.check import Rejected, check
from tests.programs.program import program


@st.composite
def programs(draw: st.DrawFn, favourite: str) -> str:
    """The texts of programs that like one family of statements most."""
    return program(lambda options: draw(st.integers(0, options - 1)), favourite)


def search(favourite: str, number: int, count: int, *, shrink: bool) -> Counted:
    """Checks `count` programs, the same for each `number`; raises for one that fails, with its text.

    With `shrink` it is a small one, which may take minutes.
    """
    counted = Counted()
    phases = [Phase.generate, Phase.shrink] if shrink else [Phase.generate]

    @seed(number)
    @settings(
        max_examples=count,
        phases=phases,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
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
