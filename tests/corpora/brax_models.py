"""The networks of brax 0.14.2: its MLP, and what is built of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import pytest

from tests.corpora.models import Model, filled

networks = pytest.importorskip("brax.training.networks")

STATE = jax.random.normal(jax.random.key(0), (4, 6))
PIXELS = {"pixels/a": jax.random.normal(jax.random.key(1), (2, 16, 16, 3))}


def _model(name: str, make: Callable[[], nn.Module], *args: Any, **kwargs: Any) -> Model:
    def made() -> tuple[Any, Any]:
        module = make()
        rngs = {"params": jax.random.key(0), "sing_vec": jax.random.key(1)}
        return module, filled(jax.eval_shape(module.init, rngs, *args))

    return Model(name, made, args, kwargs)


TABLE = (
    _model("MLP", lambda: networks.MLP((16, 8, 2)), STATE),
    _model("MLP, normalised", lambda: networks.MLP((16, 2), nn.swish, activate_final=True, layer_norm=True), STATE),
    _model("MLPHead", lambda: networks.MLPHead((8, 2), state_key=""), {"latent_0": STATE, "latent_1": STATE + 1}),
    _model(
        "SNMLP",
        lambda: networks.SNMLP((16, 2)),
        STATE,
        rngs={"sing_vec": jax.random.key(2)},
        mutable=["sing_vec"],
    ),
    _model("VisionMLP", lambda: networks.VisionMLP((8, 2), normalise_channels=True), PIXELS),
)
