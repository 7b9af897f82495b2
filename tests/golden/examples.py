"""How a case is run: what its `example()` or `EXAMPLES` say, and the arrays of it that may carry tangents.

    def example():
        return {"module": CNN(), "args": (x,), "kwargs": {"train": True}, "mutable": ["batch_stats"]}

Keys:
  module: or `function` for a derived plain function.
  args, kwargs, rngs, mutable, method: as for `Module.apply`.
  call_args, call_kwargs: other arguments for the call than for `init`.
  still: names or positions ("0") of arguments that are never given a tangent.
  init: variables are what `init` makes of them, not random numbers of their shapes.
  opaque: the case is about a step that goes through `jax.jvp`.
  differentiates: the source calls `jax.jvp` or one of its kin itself; no call may be opaque all the same.
  compiled: the source has loops that JAX compiles (`scan`), in which primals agree to rounding only.
  heavy: only the mixes that matter most, and no float64, where more would only take time.
  tolerance: of tangents in float32, relative to the largest.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import jax
import numpy as np


@dataclass(frozen=True)
class Example:
    """One way to run a case."""

    module: Any = None
    function: Any = None
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    rngs: Mapping[str, Any] = field(default_factory=dict)
    mutable: Any = False
    method: str | None = None
    still: tuple[str, ...] = ()
    call_args: tuple[Any, ...] | None = None
    call_kwargs: Mapping[str, Any] | None = None
    init: bool = False
    opaque: bool = False
    differentiates: bool = False
    compiled: bool = False
    heavy: bool = False
    tolerance: float = 2e-5

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments of the call, by position ("0") or name."""
        positional = self.args if self.call_args is None else self.call_args
        named = self.kwargs if self.call_kwargs is None else self.call_kwargs
        return {**{str(place): value for place, value in enumerate(positional)}, **named}

    def variables(self) -> dict[str, Any]:
        """Variables of the shapes that `init` gives them, or as it makes them with `init`; away from zeros and ones."""
        if self.module is None:
            return {}
        keys = {"params": jax.random.key(0), **self.rngs}

        def called(bound: Any) -> Any:  # Flax's `init` takes some names for its own
            return (getattr(bound, self.method) if self.method else bound)(*self.args, **self.kwargs)

        def made() -> Any:
            return self.module.init(keys, method=called)

        random = np.random.default_rng(0)
        variables = made() if self.init else jax.eval_shape(made)
        widest = jax.numpy.result_type(float)

        def filled(path: Any, leaf: Any) -> Any:
            if not jax.numpy.issubdtype(leaf.dtype, jax.numpy.inexact):
                return (
                    leaf if self.init else jax.numpy.zeros(leaf.shape, leaf.dtype)
                )  # `+=` on a NumPy array would change it
            dtype = widest if leaf.dtype == np.float32 else leaf.dtype
            positive = any(word in str(path[-1]) for word in ("var", "scale"))
            value = random.uniform(0.5, 1.5, leaf.shape) if positive else 0.5 * random.normal(size=leaf.shape)
            return jax.numpy.asarray(leaf if self.init else value, dtype)

        return {
            name: jax.tree_util.tree_map_with_path(filled, tree)
            for name, tree in variables.items()
            if name != "intermediates"
        }

    def public(self, generated: ModuleType) -> Any:
        """The generated function for users; None where the class was not decorated."""
        owner = self.function.__name__ if self.module is None else type(self.module).__name__
        return getattr(generated, f"{owner}_{self.method}_jvp" if self.method else f"{owner}_jvp", None)

    def own_parameter_names(self) -> set[str]:
        """The names of the user's parameters."""
        return {parameter.name for parameter in self._parameters()}

    def parameter_names(self) -> Iterator[tuple[str, bool]]:
        """For each positional argument, the name of its parameter, and whether that is a `*args`."""
        parameters = self._parameters()
        for place in range(len(self.args if self.call_args is None else self.call_args)):
            parameter = parameters[min(place, len(parameters) - 1)]
            if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
                parameter = next(p for p in parameters if p.kind is inspect.Parameter.VAR_POSITIONAL)
            yield parameter.name, parameter.kind is inspect.Parameter.VAR_POSITIONAL

    def _parameters(self) -> list[inspect.Parameter]:
        target = self.function if self.module is None else getattr(type(self.module), self.method or "__call__")
        return list(inspect.signature(target).parameters.values())[0 if self.module is None else 1 :]


def examples_of(source: ModuleType) -> list[Example]:
    """The examples of an imported input; none where it has none."""
    if hasattr(source, "EXAMPLES"):
        found = source.EXAMPLES() if callable(source.EXAMPLES) else source.EXAMPLES
    else:
        found = source.example() if hasattr(source, "example") else []
    return [Example(**item) for item in ([found] if isinstance(found, dict) else found)]


def is_float(leaf: Any) -> bool:
    return is_array(leaf) and jax.numpy.issubdtype(leaf.dtype, jax.numpy.inexact)


def is_array(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array | np.ndarray | np.generic)
