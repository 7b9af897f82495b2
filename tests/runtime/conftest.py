"""Flax's layers get their derivatives from `flax_layers` while these tests run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jvpgen.runtime import autogenerate, counts
from tests.runtime import flax_layers


@pytest.fixture(autouse=True)
def layers_by_hand(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(autogenerate, "_allowed", set())
    counts.reset()
    with flax_layers.attached():
        yield
