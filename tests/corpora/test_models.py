"""Unmodified models from PyPI against `jax.jvp` over all their variables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import jax.numpy as jnp
import pytest

from jvpgen.runtime import counts
from tests.corpora import brax_models, diffusers_models, transformers_models
from tests.corpora.agreement import check
from tests.corpora.models import Model

pytestmark = pytest.mark.slow

ALL = (
    *transformers_models.TABLE,
    *transformers_models.VARIANTS,
    *diffusers_models.TABLE,
    *brax_models.TABLE,
)
_COUNTED: dict[str, counts.Counts] = {}


@pytest.fixture(autouse=True)
def old_clip(monkeypatch: pytest.MonkeyPatch) -> None:
    """T5 asks for the keywords of `jnp.clip` that JAX has renamed since."""
    monkeypatch.setattr(jnp, "clip", _renaming(jnp.clip))


def _renaming(clip: Callable[..., Any]) -> Callable[..., Any]:
    def renaming(x: Any, min: Any = None, max: Any = None, *, a_min: Any = None, a_max: Any = None) -> Any:
        return clip(x, a_min if min is None else min, a_max if max is None else max)

    return renaming


@pytest.fixture(scope="module", autouse=True)
def table() -> Iterator[None]:
    """Prints how the calls of all models were differentiated, with `-s`."""
    yield
    for name, counted in _COUNTED.items():
        print(f"\n{name:45} {counted.dispatched:5} dispatched {counted.opaque:5} opaque", end="")
    dispatched, opaque = (sum(getattr(c, kind) for c in _COUNTED.values()) for kind in ("dispatched", "opaque"))
    print(f"\n{len(_COUNTED)} models: {opaque} of {dispatched + opaque} calls reach jax.jvp or nn.jvp")


@pytest.mark.parametrize("model", ALL, ids=lambda model: model.name)
def test_a_model_agrees_with_jax(model: Model) -> None:
    _COUNTED[model.name] = counted = check(model)
    assert counted.dispatched
    assert counted.opaque <= 0.01 * (counted.dispatched + counted.opaque), counted.places
