"""Which derivative belongs to which function, and how a call's arguments meet its parameters.

A derivative is kept on the very function that it was made from: a class means its `__call__`, of a method only Flax's
own state-handling wrapper is peeled. Names play no part, so `super().__call__` finds the base's derivative and a
subclass that overrides the method does not.
"""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import jax
from flax.linen import module as linen_module

from jvpgen.runtime import regions
from jvpgen.runtime.fields import moving_fields
from jvpgen.runtime.pair import anchor, is_pair
from jvpgen.runtime.reads import attributes_of_self, plain_reads, values_read
from jvpgen.runtime.special import unknown_member
from jvpgen.runtime.staleness import is_current, stale
from jvpgen.runtime.unseen import may_move
from jvpgen.runtime.zero import is_zero, zero

_ATTRIBUTE = "__jvpgen_body__"
_OPAQUE = "__jvpgen_opaque__"
_ALONE = "__jvpgen_alone__"
_POSITIONAL_ONLY = inspect.Parameter.POSITIONAL_ONLY
_POSITIONAL_OR_KEYWORD = inspect.Parameter.POSITIONAL_OR_KEYWORD
_VAR_POSITIONAL = inspect.Parameter.VAR_POSITIONAL
_KEYWORD_ONLY = inspect.Parameter.KEYWORD_ONLY
_VAR_KEYWORD = inspect.Parameter.VAR_KEYWORD
_JIT = type(jax.jit(lambda: None))
_FLAX_WRAPPER = linen_module.wrap_method_once(lambda: None).__code__
_bodies_by_id: dict[int, Body] = {}  # for callables that take no attributes


def is_handled(function: Any) -> bool:
    """Whether the function is Flax's state-handling wrapper of a method."""
    return getattr(function, "__code__", None) is _FLAX_WRAPPER


def exact_function(target: Any) -> Any:
    """The function that the user wrote: no bound self, no wrapper of Flax's or JAX's."""
    if isinstance(target, type):
        target = target.__call__
    if isinstance(target, property):
        return target.fget
    if isinstance(target, functools.cached_property):
        return target.func
    if isinstance(target, staticmethod | classmethod):
        target = target.__func__
    if isinstance(target, types.MethodType):
        target = target.__func__
    if hasattr(target, "compact_name_scope"):
        return target.inner_fun
    return exact_function(target.__wrapped__) if is_wrapper(target) else target


def is_wrapper(function: Any) -> bool:
    """Whether a function is Flax's or JAX's wrapper of another, which calls that and may be put around its derivative:
    the state-handling one, a lifted transform, `jit`, `vmap`, `checkpoint`."""
    if not hasattr(function, "__wrapped__"):
        return False
    if is_handled(function) or isinstance(function, _JIT):
        return True
    module = str(getattr(function, "__globals__", {}).get("__name__", ""))
    return module == "flax.linen.transforms" or module.startswith("jax._src.")


@dataclass(frozen=True)
class Parameter:
    """A parameter of the source and the name of its tangent; None when the derivative takes no tangent for it."""

    name: str
    tangent: str | None
    kind: Any
    default: Any
    default_tangent: Any = None


@dataclass(frozen=True, eq=False)
class Body:
    """A derivative: `derivative(p, p_dot, …)` returns the value and the tangent of `target(p, …)`."""

    derivative: Callable[..., Any]
    target: Any
    renamed: Mapping[str, str | None] = field(default_factory=dict)

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        signature = inspect.signature(self.derivative).parameters
        tangents = {
            name: self.renamed.get(name, f"{name}_dot")
            for name in signature
            if self.renamed.get(name, f"{name}_dot") in signature
        }
        taken = set(tangents.values())
        return tuple(
            Parameter(name, tangents.get(name), parameter.kind, parameter.default, _default(signature, tangents, name))
            for name, parameter in signature.items()
            if name not in taken
        )

    @cached_property
    def tangents(self) -> frozenset[str]:
        """The names of the derivative's own parameters for tangents."""
        return frozenset(item.tangent for item in self.parameters if item.tangent is not None)

    @cached_property
    def takes_receiver(self) -> bool:
        """Whether the derivative asks the tangent of its first argument for all that this holds."""
        return bool(self.parameters) and self.parameters[0].tangent is not None

    @cached_property
    def name(self) -> str:
        return str(getattr(self.target, "__qualname__", self.derivative.__name__))

    @cached_property
    def is_current(self) -> bool:
        """Whether the source still says what it said when this derivative was generated."""
        return is_current(self.derivative, self.target, self.name)

    def call(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Any, Any] | None:
        """Runs the derivative on arguments, active ones as Pairs; None when it does not take a tangent that moves."""
        if not self.is_current:
            raise stale(self.derivative, self.target, self.name)
        if any(map(self._misreads, (*args, *kwargs.values()))):
            return None
        bound = _bind(self, args, kwargs)
        if bound is None:
            return None
        with regions.derived(self._module_of(bound[0])):
            returned = self.derivative(*bound[0], **bound[1])
        out, out_dot = (None, None) if returned is None else returned  # None: it has no `return`, like `setup`
        return out, anchor(out_dot, out)

    def _misreads(self, argument: Any) -> bool:
        """Whether an argument is a record whose class has what this derivative would take for an array's."""
        derivative: Any = self.derivative
        return unknown_member(_split(argument)[0], derivative.__code__, derivative.__globals__) is not None

    def _module_of(self, args: Sequence[Any]) -> Any:
        """The module whose method this is the derivative of; None for a function, whatever it is given."""
        owner = self.name.rpartition(".")[0].rpartition(".")[2]
        if not args or not isinstance(args[0], linen_module.Module):
            return None
        return args[0] if owner in (base.__name__ for base in type(args[0]).__mro__) else None


def body(target: Any, tangents: Mapping[str, str | None] | None = None) -> Callable[[Callable[..., Any]], Any]:
    """Registers the decorated function as the derivative of `target`.

    `tangents` renames tangents: `{"x": "x_tangent"}`; None says that there is none. With `target=None` the decorated
    function becomes a value of its own, whose plain call returns the primal output.
    """

    def register(derivative: Callable[..., Any]) -> Any:
        if target is None:
            return _derivative_only(derivative, tangents or {})
        function = exact_function(target)
        attach(function, Body(derivative, function, tangents or {}))
        return derivative

    return register


def opaque(target: Any) -> None:
    """Says of a function that it was derived, and could not be written out: it runs under `nn.jvp`."""
    setattr(exact_function(target), _OPAQUE, True)


def is_opaque(function: Any) -> bool:
    """Whether the derivative of a function is known to run under `nn.jvp`."""
    return getattr(function, _OPAQUE, False) is True


def attach(function: Any, made: Body) -> None:
    try:
        setattr(function, _ATTRIBUTE, made)
    except (AttributeError, TypeError):
        _bodies_by_id[id(function)] = made


def body_of(function: Any) -> Body | None:
    """The derivative of exactly this function. (functools.wraps copies attributes, hence the second look.)"""
    made = getattr(function, _ATTRIBUTE, None)
    if made is None:
        made = _bodies_by_id.get(id(function))
    return made if isinstance(made, Body) and made.target is function else None


def _derivative_only(derivative: Callable[..., Any], tangents: Mapping[str, str | None]) -> Any:
    @functools.wraps(derivative)
    def function(*args: Any, **kwargs: Any) -> Any:
        outcome = made.call(args, kwargs)
        assert outcome is not None  # nothing moves, so nothing is refused
        return outcome[0]

    made = Body(derivative, function, tangents)
    attach(function, made)
    setattr(function, _ALONE, True)
    return function


def is_derivative_only(function: Any) -> bool:
    """Whether a function is nothing but its derivative: what it holds, it holds there."""
    return getattr(function, _ALONE, False) is True and body_of(function) is not None  # wrappers copy attributes


def _split(argument: Any) -> tuple[Any, Any]:
    return (argument.primal, argument.tangent) if is_pair(argument) else (argument, None)


def _bind(made: Body, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]] | None:
    """The derivative's own arguments; None when a tangent that moves has no parameter to go to."""
    positional: list[Any] = []
    by_name: dict[str, Any] = {}
    waiting, named = list(args), dict(kwargs)
    for parameter in made.parameters:
        if parameter.kind is _VAR_POSITIONAL:
            rest = [_split(argument) for argument in waiting]
            waiting = []
            positional += [primal for primal, _ in rest]
            if parameter.tangent is not None:
                by_name[parameter.tangent] = tuple(zero(p) if t is None else t for p, t in rest)
            elif not all(is_zero(tangent) for _, tangent in rest):
                return None
            continue
        if parameter.kind is _VAR_KEYWORD:
            rest_named = {name: _split(argument) for name, argument in named.items()}
            named = {}
            if not made.tangents.isdisjoint(rest_named):  # the user's `x_dot` would be taken for the tangent of `x`
                return None
            by_name.update({name: primal for name, (primal, _) in rest_named.items()})
            if parameter.tangent is not None:
                by_name[parameter.tangent] = {n: zero(p) if t is None else t for n, (p, t) in rest_named.items()}
            elif not all(is_zero(tangent) for _, tangent in rest_named.values()):
                return None
            continue
        primal, tangent = _argument(made, parameter, waiting, named)
        if parameter.tangent is None and (not is_zero(tangent) or _moves_unseen(primal, made)):
            return None
        if tangent is None:
            tangent = zero(primal)
        if parameter.kind is _KEYWORD_ONLY:
            by_name[parameter.name] = primal
            if parameter.tangent is not None:
                by_name[parameter.tangent] = tangent
        else:
            positional.append(primal)
            if parameter.tangent is not None:
                positional.append(tangent)
    if waiting or named:
        extra = [repr(name) for name in named] or [f"{len(waiting)} positional"]
        raise TypeError(f"{made.name}() got unexpected arguments: {', '.join(extra)}")
    return positional, by_name


def _moves_unseen(module: Any, made: Body) -> bool:
    """Whether a derivative takes an attribute of a module for constant that moves in this one."""
    from jvpgen.runtime.overrides import known_to_move

    derivative = made.derivative
    if not isinstance(module, linen_module.Module):
        return False
    if module._state.setup_called is not linen_module.SetupState.DONE:
        if not any(may_move(type(module), name) for name in plain_reads(derivative.__code__, "")):
            return False
        module._try_setup()  # as reading the attribute would
    held = vars(module)
    if not moving_fields(module).keys().isdisjoint(values_read(derivative.__code__)):
        return True
    moving = {name for name in held if f"{name}_dot" in held}
    names = attributes_of_self(derivative.__code__) if moving else frozenset()
    without_tangent = {name for name in moving if name in names and f"{name}_dot" not in names}
    return bool(without_tangent) and not without_tangent <= known_to_move(type(module), made.target)


def _argument(made: Body, parameter: Parameter, waiting: list[Any], named: dict[str, Any]) -> tuple[Any, Any]:
    """Takes the argument of one parameter out of what was given, or its default."""
    if parameter.kind is not _KEYWORD_ONLY and waiting:
        if parameter.name in named and parameter.kind is _POSITIONAL_OR_KEYWORD:
            raise TypeError(f"{made.name}() got multiple values for argument {parameter.name!r}")
        return _split(waiting.pop(0))
    if parameter.kind is not _POSITIONAL_ONLY and parameter.name in named:
        return _split(named.pop(parameter.name))
    if parameter.default is inspect.Parameter.empty:
        raise TypeError(f"{made.name}() missing required argument: {parameter.name!r}")
    return parameter.default, parameter.default_tangent


def _default(signature: Mapping[str, inspect.Parameter], tangents: Mapping[str, str | None], name: str) -> Any:
    """The tangent of a parameter's default: `s_dot` in `def _(v, v_dot, s=s, s_dot=s_dot)`."""
    tangent = tangents.get(name)
    default = signature[tangent].default if tangent is not None else None
    return None if default is inspect.Parameter.empty else default
