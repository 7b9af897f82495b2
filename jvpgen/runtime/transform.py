"""`jvpgen.transform`: the derivative of a class or function in hand, made in memory."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeGuard

import flax.linen as nn

from jvpgen.runtime import autogenerate, local
from jvpgen.runtime.apply import apply_jvp
from jvpgen.runtime.errors import NotGenerated
from jvpgen.runtime.function import function_jvp
from jvpgen.runtime.pair import Pair


class Transformed:
    """A derivative that was made in memory. Call it; `.source` is its text, `.report` what the compiler had to say."""

    def __init__(self, target: Any, generated: autogenerate.Generated) -> None:
        self._target = target
        self._public = getattr(generated.module, f"{target.__name__}_jvp", None) or _public_function(target)
        self.source = generated.text
        self._report = generated.report
        functools.update_wrapper(self, self._public, updated=())

    @property
    def report(self) -> Any:
        """What the compiler has to say: `.opaque` and `.dispatched` of all that the derivative runs, `.diagnostics`."""
        if self._report is None:
            reports = local if _is_local(self._target) else autogenerate
            self._report = reports.report_of(self._target)
        return self._report

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._public(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<the derivative of {self._target.__qualname__}>"


def transform(target: type | Callable[..., Any], *, custom_vjp: Literal["error", "primal"] = "error") -> Transformed:
    """Generates the derivative of a linen Module class or of a function, and of all that it reaches, in memory.

    The result is called as the function that `python -m jvpgen` would have written:
    `transform(CNN)(module, variables, x, variable_tangents=…, x_dot=…)`, `transform(f)(x, y, x_dot=…)`.
    A lambda and a function inside another are possible too; what they find around them is constant.

    Args:
      target: the class or function.
      custom_vjp: what becomes of functions with a `jax.custom_vjp` that its package calls: an error, or, from here on,
        the derivative of their source.

    Raises:
      NotGenerated: where there is no source, or it cannot be written out.
    """
    autogenerate.allow(target.__module__, custom_vjp)
    try:
        if _is_local(target):
            generated = autogenerate.Generated(local.made(target), types.ModuleType(target.__module__))
        else:
            generated = autogenerate.generate(target)
    except autogenerate.NotDerivable as refused:
        raise NotGenerated(f"{target.__qualname__} cannot be transformed: {refused}") from refused
    return Transformed(target, generated)


def _is_local(target: Any) -> TypeGuard[types.FunctionType]:
    """Whether a function can be found only by where its code stands."""
    return isinstance(target, types.FunctionType) and "<" in target.__qualname__


def _public_function(target: Any) -> Callable[..., Any]:
    if isinstance(target, type) and issubclass(target, nn.Module):
        return _of_module(target)
    return _of_function(target)


def _of_module(kind: type[nn.Module]) -> Callable[..., Any]:
    def module_jvp(
        module: nn.Module,
        variables: Mapping[str, Any],
        *primals: Any,
        variable_tangents: Mapping[str, Any] | None = None,
        rngs: Any = None,
        mutable: Any = False,
        **kwargs: Any,
    ) -> Any:
        tangents, rest = _taken(kind.__call__, primals, kwargs)
        return apply_jvp(module, variables, primals, tangents, variable_tangents, rngs=rngs, mutable=mutable, **rest)

    module_jvp.__name__ = module_jvp.__qualname__ = f"{kind.__name__}_jvp"
    return module_jvp


def _of_function(function: Callable[..., Any]) -> Callable[..., Any]:
    def of_function(*primals: Any, **kwargs: Any) -> Any:
        tangents, rest = _taken(function, primals, kwargs, skip=0)
        return function_jvp(function, primals, tangents, **rest)

    of_function.__name__ = of_function.__qualname__ = f"{function.__name__}_jvp"
    return of_function


def _taken(
    function: Callable[..., Any], primals: tuple[Any, ...], kwargs: Mapping[str, Any], skip: int = 1
) -> tuple[list[Any], dict[str, Any]]:
    """Tangents of the positional arguments, and the keyword arguments, active ones as Pairs."""
    names = list(inspect.signature(function).parameters)[skip:]
    tangents = [kwargs.get(f"{name}_dot") for name in names[: len(primals)]]
    tangents += [None] * (len(primals) - len(tangents))
    named = {key: value for key, value in kwargs.items() if key in names}
    moving = [key for key in named if kwargs.get(f"{key}_dot") is not None]
    return tangents, {**named, **{key: Pair(named[key], kwargs[f"{key}_dot"]) for key in moving}}
