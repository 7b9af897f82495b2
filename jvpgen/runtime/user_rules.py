"""The words of users at run time: a rules module that is imported registers its rules, by the functions they are for.

A rule's function is looked up when the first call asks for a rule: by then the modules that import one another exist.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any, TypeVar, overload

import jax

from jvpgen.rules.fitting import Actual, misfit
from jvpgen.rules.rule import Rule, RuleError
from jvpgen.rules.users import without_tangent, written

Marked = TypeVar("Marked", bound=Callable[..., Any])

_MARK = "__jvpgen_no_tangent__"
_KINDS = {
    inspect.Parameter.POSITIONAL_ONLY: "positional-only",
    inspect.Parameter.POSITIONAL_OR_KEYWORD: "positional",
    inspect.Parameter.VAR_POSITIONAL: "star",
    inspect.Parameter.KEYWORD_ONLY: "keyword-only",
    inspect.Parameter.VAR_KEYWORD: "double-star",
}


@dataclass(frozen=True)
class _Registered:
    """A function with the rule that a user has for it; kept, so that the function's id stays its own."""

    function: Any
    rule: Rule


_waiting: list[Rule] = []
_by_identity: dict[int, _Registered] = {}
_by_name: dict[str, Rule] = {}


# --- The words --------------------------------------------------------------------------------------------------------


def rule(*signatures: str, broadcast: bool | None = None, **terms: str) -> None:
    """Gives functions the derivative that the terms say: `rule("ops.swish(x)", x_dot="x_dot * (out + …)")`.

    Args:
      signatures: calls of functions by their full names, with their own parameter names in their own order. A default
        that a term needs is part of it: `ops.swish(x, beta=1.0)`.
      broadcast: whether the function broadcasts its arguments against each other; needed where the terms do not tell.
      terms: for each parameter that may move, `NAME_dot=` the contribution of its tangent to that of the result: an
        expression over the parameters, `out` (the result), `jnp` and `lax`, linear in `NAME_dot`. "0" where there is
        none. A call in which another parameter moves is not the rule's.

    Raises:
      RuleError: where a signature or a term cannot be read.
    """
    _register("rule", signatures, {**terms, "broadcast": broadcast})


def linear(*signatures: str, tensors: str | None = None) -> None:
    """Says that functions are linear in the parameters that `tensors` names, together if several; by default in the
    first."""
    _register("linear", signatures, {"tensors": tensors})


def multilinear(*signatures: str, tensors: str | None = None) -> None:
    """Says that functions are linear in each of the parameters that `tensors` names; by default in the first two."""
    _register("multilinear", signatures, {"tensors": tensors})


@overload
def no_tangent(target: str, /) -> None: ...
@overload
def no_tangent(target: Marked, /) -> Marked: ...
def no_tangent(target: Any, /) -> Any:
    """Says that what a function returns has no tangent, as if it were under `jax.lax.stop_gradient`.

    As a decorator it puts `stop_gradient` around the result, for `jax.jvp` and `jax.grad` too. In a rules module,
    `no_tangent("otherlib.f")` says it of another's function, for derivatives that jvpgen makes only.
    """
    if isinstance(target, str):
        return _register("no_tangent", (target,), {})
    if not callable(target) or isinstance(target, type):
        raise TypeError(f"no_tangent() is for functions, not {target!r}")

    @functools.wraps(target)
    def stopped(*args: Any, **kwargs: Any) -> Any:
        return jax.tree.map(_stopped, target(*args, **kwargs))

    setattr(stopped, _MARK, True)
    return stopped


def _stopped(leaf: Any) -> Any:
    return jax.lax.stop_gradient(leaf) if isinstance(leaf, jax.Array) else leaf


def _register(word: str, signatures: tuple[str, ...], options: Mapping[str, Any]) -> None:
    frame = sys._getframe(2)
    place = f"{frame.f_code.co_filename}:{frame.f_lineno}"
    try:
        made = written(word, signatures, {key: value for key, value in options.items() if value is not None}, place)
    except RuleError as wrong:
        raise RuleError(f"{place}: {wrong}") from None
    _waiting.extend(made)
    _by_name.update({one.name: one for one in made})


# --- Looking up -------------------------------------------------------------------------------------------------------


def registered(module_name: str) -> tuple[Rule, ...]:
    """The rules registered so far that matter for the text of a module, the last one of each name.

    Flax's own layers call functions of JAX and Flax only: they need not be derived anew for other rules.
    """
    libraries = ("flax", "jax", "numpy")
    is_flax = module_name.partition(".")[0] in libraries
    return tuple(rule for name, rule in _by_name.items() if not is_flax or name.partition(".")[0] in libraries)


def user_rule_of(function: Any) -> Rule | None:
    """The rule that a user has for a function, or `no_tangent`'s; None without one.

    Raises:
      RuleError: where a registered rule can match nothing, or two are for one function.
    """
    if isinstance(function, FunctionType) and getattr(function, _MARK, False) is True:
        return without_tangent(function.__qualname__)
    while _waiting:
        _settle(_waiting[0])
        _waiting.pop(0)
    found = _by_identity.get(id(function)) if _by_identity else None
    return found.rule if found is not None else None


def _settle(rule: Rule) -> None:
    """Finds the function of a rule, and keeps the rule for it."""
    function = _function(rule)
    if function is None:
        return
    if wrong := _misfit(rule, function):
        raise RuleError(f"{rule.place}: the rule for {rule.name} can match nothing: {wrong}")
    known = _by_identity.get(id(function))
    if known is not None and not _is_run_again(rule, known.rule):
        if _says(rule) == _says(known.rule):
            return
        raise RuleError(f"{rule.place}: {rule.name} has a rule already, at {known.rule.place}")
    _by_identity[id(function)] = _Registered(function, rule)


def _is_run_again(rule: Rule, known: Rule) -> bool:
    """Whether a rule comes from the file of the known one, and has its name: the file was run again."""
    return rule.place.rpartition(":")[0] == known.place.rpartition(":")[0] and rule.name == known.name


def _says(rule: Rule) -> object:
    return rule.kind, rule.parameters, dict(rule.terms), rule.broadcast


def _function(rule: Rule) -> Any:
    """The function that a rule's name names; None where its package is not installed, so that nothing can call it."""
    parts = rule.name.split(".")
    for count in range(len(parts) - 1, 0, -1):
        name = ".".join(parts[:count])
        try:
            found: Any = importlib.import_module(name)
        except ModuleNotFoundError as missing:
            if missing.name is None or not (name == missing.name or name.startswith(f"{missing.name}.")):
                raise
            continue
        for part in parts[count:]:
            found = inspect.getattr_static(found, part, None) if isinstance(found, type) else getattr(found, part, None)
        found = found.__func__ if isinstance(found, staticmethod) else found
        if found is None or isinstance(found, ModuleType | type):
            what = "nothing" if found is None else "no function"
            raise RuleError(f"{rule.place}: the rule for {rule.name} can match nothing: the name names {what}")
        return found
    return None


def _misfit(rule: Rule, function: Any) -> str | None:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # a builtin that does not tell
        return None
    empty = inspect.Parameter.empty
    actual = [
        Actual(item.name, _KINDS[item.kind], None if item.default is empty else repr(item.default))  # type: ignore[arg-type]
        for item in parameters
    ]
    return misfit(rule, actual)
