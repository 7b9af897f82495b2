"""What a lifted function gets and gives: Pairs outside, where Flax wraps it, and twins inside, where JAX does."""

from __future__ import annotations

import types
from collections.abc import Callable, Sequence
from typing import Any

import flax.linen as nn
import jax
from flax.core import Scope

from jvpgen.runtime import shadows
from jvpgen.runtime.control.functions import Twin, outcome, plain, twin
from jvpgen.runtime.errors import LostTangent
from jvpgen.runtime.leafwise import split_result
from jvpgen.runtime.marks import KEYWORD, Mark
from jvpgen.runtime.pair import Pair, is_pair

Core = Callable[..., Any]


def suffix_of(scopes: Any) -> str:
    """The suffix of shadows in a scope, or in several."""
    return shadows.suffix_of(listed(scopes)[0])


def listed(scopes: Any) -> list[Scope]:
    return list(jax.tree.leaves(scopes, is_leaf=lambda leaf: isinstance(leaf, Scope)))


def twins(args: Sequence[Any]) -> list[Twin]:
    return [twin(argument) for argument in args]


def called(core: Core, scopes: Any, given: Sequence[Twin]) -> tuple[Any, list[Any]]:
    """The value of a marked call inside the lift, and the tangents of its leaves."""
    made = core(scopes, *(Pair(*outcome(part)) for part in given), **{KEYWORD: Mark()})
    if not is_pair(made):
        raise LostTangent("a lifted function returned no tangent: a wrapper hides the call from Flax's interceptors")
    return split_result(made.primal, made.tangent)


def doubled(axes: Any) -> Any:
    """Axes of arguments as axes of twins: tangents go along those of their values."""
    return tuple((axis, axis) for axis in axes) if isinstance(axes, tuple | list) else axes


def of_module(f: Any, module: nn.Module) -> tuple[Any, list[Any]]:
    """What is called with a clone of the module: a method of it, or a function whose first argument it is."""
    target = plain(f)
    if isinstance(target, types.MethodType) and isinstance(target.__self__, nn.Module):
        return types.MethodType(target.__func__, module), []
    return f, [module]
