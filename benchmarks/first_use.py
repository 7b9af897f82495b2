"""What the first use of Flax's layers costs: derived anew, read from the disk cache, and already in memory.

Each line is a process of its own, twice: once with an empty cache, once with the cache that the first one left. The
times are those of tracing `apply_jvp` with tangents for everything, and `jax.jvp` for comparison; compiling by XLA is
not in them.

    python benchmarks/first_use.py
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

LAYERS = {
    "Dense": "nn.Dense(8), x",
    "Conv": "nn.Conv(8, (3, 3)), image",
    "LayerNorm": "nn.LayerNorm(), x",
    "BatchNorm": "nn.BatchNorm(use_running_average=True), x",
    "MultiHeadDotProductAttention": "nn.MultiHeadDotProductAttention(2), x",
    "examples: CNN": "CNN(), image",
    "examples: LanguageModel": "LanguageModel(Config(width=8, heads=2)), tokens",
}


def seconds_of_traces(layer: str) -> tuple[float, float, float]:
    """The first trace of `apply_jvp` in this process and the quickest of some more; the quickest of `jax.jvp`."""
    import flax.linen as nn
    import jax
    import jax.numpy as jnp

    import jvpgen
    from examples.models.cnn import CNN
    from examples.models.language_model import Config, LanguageModel

    names = {"nn": nn, "CNN": CNN, "LanguageModel": LanguageModel, "Config": Config}
    values = {"x": jnp.ones((2, 4, 8)), "image": jnp.ones((2, 8, 8, 3)), "tokens": jnp.ones((2, 4), int)}
    module, x = eval(LAYERS[layer], {**names, **values})
    variables = jax.jit(module.init)(jax.random.key(0), x)

    moving = jnp.issubdtype(x.dtype, jnp.inexact)

    def generated(v: Any, x: Any) -> Any:
        return jvpgen.apply_jvp(module, v, (x,), (x if moving else None,), v)

    def by_jax(v: Any, x: Any) -> Any:
        if moving:
            return jax.jvp(module.apply, (v, x), (v, x))
        return jax.jvp(lambda v: module.apply(v, x), (v,), (v,))

    def traced(function: Callable[..., Any]) -> float:
        start = time.perf_counter()
        jax.eval_shape(lambda *arguments: function(*arguments), variables, x)  # a new function: traced anew
        return time.perf_counter() - start

    return traced(generated), min(traced(generated) for _ in range(5)), min(traced(by_jax) for _ in range(6))


def measured(layer: str, cache: str) -> list[float]:
    """The same in a new process."""
    environment = {**os.environ, "JVPGEN_CACHE_DIR": cache, "JAX_PLATFORMS": "cpu", "PYTHONPATH": os.getcwd()}
    done = subprocess.run(
        [sys.executable, __file__, layer], env=environment, check=True, capture_output=True, text=True
    )
    return [float(word) for word in done.stdout.split()]


def main() -> None:
    print(f"{'seconds to trace':30}derived  from cache  in memory  jax.jvp")
    for layer in LAYERS:
        with tempfile.TemporaryDirectory() as cache:
            derived, *_ = measured(layer, cache)
            cached, again, by_jax = measured(layer, cache)
        print(f"{layer:30}{derived:7.2f}  {cached:10.2f}  {again:9.4f}  {by_jax:7.4f}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:]:
        print(*seconds_of_traces(sys.argv[1]))
    else:
        main()
