"""A real model's generated derivative against `jax.jvp` over all its variables, and how its calls were treated."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

import jvpgen
from jvpgen.runtime import counts
from tests.corpora.models import Model
from tests.runtime.compare import random_tangents

# Programs run once: what XLA does for their speed takes longer than they do.
_QUICKLY_COMPILED = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}


def check(model: Model) -> counts.Counts:
    """Compares values, tangents, structure, shapes and dtypes; returns the counts of the generated program's calls."""
    module, variables = model.make()
    tangents = random_tangents(variables, 3)

    is_mutable = "mutable" in model.kwargs

    def reference(variables: Any, tangents: Any) -> Any:
        return jax.jvp(lambda v: module.apply(v, *model.args, **model.kwargs), (variables,), (tangents,))

    def derived(variables: Any, tangents: Any) -> Any:
        still = (None,) * len(model.args)
        kwargs = {**model.kwargs, "update_tangents": is_mutable}
        out, out_dot, *updates = jvpgen.apply_jvp(module, variables, model.args, still, tangents, **kwargs)
        return ((out, updates[0]), (out_dot, updates[1])) if is_mutable else (out, out_dot)

    jvpgen.transform(type(module))
    counts.reset()
    lowered = jax.jit(derived).lower(variables, tangents)
    counted = counts.snapshot()
    expected = jax.jit(reference).lower(variables, tangents).compile(_QUICKLY_COMPILED)(variables, tangents)
    _assert_close(lowered.compile(_QUICKLY_COMPILED)(variables, tangents), expected)
    return counted


def _assert_close(found: Any, expected: Any) -> None:
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    for ours, theirs in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
        if theirs.dtype != jax.dtypes.float0:
            scale = max(1.0, float(np.abs(theirs).max(initial=0.0)))
            np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5 * scale)
