"""`pushforward(f, primals, tangents, **kwargs)`: value and tangent of any call, whatever `f` turns out to be.

In this order: a module or a method of one, a partial, a class, a function with a derivative of its own, a function with
a rule, a builtin that moves values around. What is none of these is called plainly when nothing moves, and goes through
`jax.jvp` otherwise (`opaque`).
"""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import flax.linen as nn
import jax
from flax.core import Scope

from jvpgen.runtime import counts, library, live, local
from jvpgen.runtime.callables import as_function
from jvpgen.runtime.constants import Constants
from jvpgen.runtime.control import by_control
from jvpgen.runtime.errors import LostTangent
from jvpgen.runtime.fields import moving_fields
from jvpgen.runtime.generated import find_body
from jvpgen.runtime.interceptor import intercepted
from jvpgen.runtime.lifts import DIRECT, is_lifted, relifted
from jvpgen.runtime.marks import marked
from jvpgen.runtime.members import own_operator
from jvpgen.runtime.module_api import API, called_child
from jvpgen.runtime.opaque import differentiated_method, opaque
from jvpgen.runtime.overrides import holds_for_call
from jvpgen.runtime.pair import Pair, anchor, is_pair, pairs, primal_of
from jvpgen.runtime.registry import body_of, is_handled
from jvpgen.runtime.rule_dispatch import by_own_rule, by_rule, method_name
from jvpgen.runtime.special import unknown_member
from jvpgen.runtime.structures import Method, by_structure, constructed
from jvpgen.runtime.user_rules import user_rule_of
from jvpgen.runtime.zero import is_zero, zero

Outcome = tuple[Any, Any]


def pushforward(
    f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any] | None, /, **kwargs: Any
) -> Outcome:
    """`f(*primals, **kwargs)` and its tangent. A tangent of None is zero; keyword arguments may be Pairs."""
    if tangents is None:
        return push(f, list(primals), kwargs)
    if len(primals) != len(tangents):
        raise TypeError(f"{len(primals)} primals but {len(tangents)} tangents")
    pairs = zip(primals, tangents, strict=True)
    args = [p if t is None or isinstance(p, _KEYS) or is_pair(p) else Pair(p, t) for p, t in pairs]
    live.note(primals, tangents)
    constants = Constants([*args, *kwargs.values()])
    out, out_dot = push(f, args, kwargs)
    constants.check(_name(f))
    caller = sys._getframe(1)
    if not is_zero(out_dot) and (unknown := unknown_member(out, caller.f_code, caller.f_globals)):
        raise LostTangent(f"{_name(f)} returned a record, and nothing that was generated knows {unknown}")
    return out, out_dot


_KEYS = (str, bytes)  # a loop over a dict gives its keys for tangents, and they have none


def push(f: Any, args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    """The same, with the active arguments as Pairs; so may be `f`, if it holds arrays itself."""
    if is_pair(f):
        return _holder(f, args, kwargs)
    if isinstance(f, nn.Module):
        return _method(types.MethodType(type(f).__call__, f), args, kwargs)
    if isinstance(f, types.MethodType):
        return _bound_method(f, args, kwargs)
    if isinstance(f, functools.partial):
        return _partial(f, args, kwargs)
    if isinstance(f, type):
        return constructed(f, args, kwargs)
    return _function(f, args, kwargs)


def _holder(f: Pair, args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    """A bound method of an array or a container, or an object that can be called."""
    if isinstance(f.primal, nn.Module):  # asked for an attribute, it would run its setup, here where a lift is not yet
        return push(f.primal, args, kwargs)
    receiver = getattr(f.primal, "__self__", None)
    if receiver is not None and not isinstance(receiver, nn.Module | types.ModuleType | type):
        moving = getattr(f.tangent, "__self__", None)
        held = Pair(receiver, zero(receiver) if moving is None else moving)
        if not isinstance(f.primal, types.MethodType):
            return push(Method(f.primal.__name__), [held, *args], kwargs)
        name = method_name(f.primal)
        return push(f.primal.__func__ if name is None else Method(name), [held, *args], kwargs)
    if isinstance(f.primal, jax.tree_util.Partial) and not is_zero(f.tangent):
        first = map(Pair, f.primal.args, f.tangent.args)
        return push(f.primal.func, [*first, *args], {**pairs(f.primal.keywords, f.tangent.keywords), **kwargs})
    if is_zero(f.tangent) or isinstance(f.primal, types.FunctionType | functools.partial | nn.Module | type):
        return push(f.primal, args, kwargs)
    return push(type(f.primal).__call__, [f, *args], kwargs)


def _bound_method(f: types.MethodType, args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    if isinstance(f.__self__, nn.Module):
        return _method(f, args, kwargs)
    if isinstance(f.__self__, Scope) and f.__func__ in API:
        return API[f.__func__](f.__self__, *args, **kwargs)
    return _function(f.__func__, [f.__self__, *args], kwargs, plain=f)


def _method(f: types.MethodType, args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    """A method of a module: Flax's own, one that Flax handles, or a plain function of the module."""
    module: Any = f.__self__
    function = f.__func__
    if function in API:
        return API[function](module, *args, **kwargs)
    if hasattr(function, "compact_name_scope"):
        module._try_setup()
        return push(module._compact_name_scope_modules[function.__name__], args, kwargs)
    if not getattr(function, "method_handler_wrapped", False):
        return _function(function, [module, *args], kwargs, plain=f)
    lifted = relifted(function, module, [*args, *kwargs.values()])
    if lifted is not None and (lifted is function or not moving_fields(module)):
        return _marked(types.MethodType(lifted, module), args, kwargs)
    inner = getattr(function, "__wrapped__", function) if is_handled(function) else function
    return differentiated_method(module, inner, args, kwargs)


def _marked(f: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Outcome:
    positional, named = marked(args, kwargs)
    with intercepted():
        outcome = f(*positional, **named)
    if not is_pair(outcome):
        raise LostTangent(
            f"{_name(f)} returned no tangent: a wrapper around it hides the call from Flax's interceptors"
        )
    live.note((outcome.primal,), (outcome.tangent,))
    return outcome.primal, anchor(outcome.tangent, outcome.primal)


def _partial(f: functools.partial[Any], args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    """A partial made by `constructed` knows the tangents of what it holds."""
    held = getattr(f, "__jvpgen_held__", None)
    bound_args, bound_kwargs = held if held is not None else (list(f.args), dict(f.keywords))
    return push(f.func, [*bound_args, *args], {**bound_kwargs, **kwargs})


def _function(f: Any, args: list[Any], kwargs: Mapping[str, Any], plain: Any = None) -> Outcome:
    """A function; `plain` is what a plain call would call, when `args` begins with its bound receiver."""
    if isinstance(f, types.FunctionType) and f in API and args:
        return API[f](primal_of(args[0]), *args[1:], **kwargs)
    outcome = own_operator(f, args) or called_child(f, args, kwargs)
    if outcome is not None:
        return outcome
    if isinstance(f, types.FunctionType) and f in API and args:  # unbound: `type(module).is_initializing`
        return API[f](primal_of(args[0]), *args[1:], **kwargs)
    if is_lifted(f) and args:
        return _lifted_function(f, args, kwargs)
    known = DIRECT.get(id(f)) or library.PARTNERS.get(id(f))
    outcome = known(args, kwargs) if known is not None else None
    if outcome is not None:
        return outcome
    for candidate in _layers(f):
        if isinstance(candidate, functools.partial | types.MethodType) and candidate is not f:
            return push(candidate, args, kwargs)
        own = user_rule_of(candidate)
        if own is not None:
            outcome = by_own_rule(own, candidate, args, kwargs)
            if outcome is not None:
                counts.count("dispatched", _name(candidate))
                return outcome[0], anchor(outcome[1], outcome[0])
        made = body_of(candidate)
        if made is None:
            outcome = by_control(candidate, args, kwargs)
            if outcome is not None:
                counts.count("dispatched", _name(candidate))
                return outcome
            outcome = by_rule(candidate, args, kwargs)
            if outcome is not None:
                counts.count("dispatched", _name(candidate))
                return outcome[0], anchor(outcome[1], outcome[0])
            if isinstance(candidate, types.FunctionType):
                made = find_body(candidate) or local.derive_followed(candidate, args)
        outcome = made.call(args, kwargs) if made is not None and holds_for_call(made, args) else None
        if outcome is not None:
            counts.count("dispatched", made.name)  # type: ignore[union-attr]
            return outcome
    if any(f is transform for transform in _TRANSFORMS):  # made of a function that carries its derivative
        return f(*map(as_function, args), **{name: as_function(value) for name, value in kwargs.items()}), None
    outcome = by_structure(f, args, kwargs)
    if outcome is not None:
        return outcome
    if isinstance(f, nn.Module):
        return push(f, args, kwargs)
    call = type(f).__call__ if not isinstance(f, types.FunctionType | types.BuiltinFunctionType) else None
    if isinstance(call, types.FunctionType) and body_of(call) is not None:  # an object that can be called
        return _function(call, [f, *args], kwargs)
    return opaque(f if plain is None else plain, args if plain is None else args[1:], kwargs)


def _lifted_function(f: Any, args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    """`nn.scan(body, …)(module, carry, xs)`."""
    module, *rest = args
    module = primal_of(module)
    lifted = relifted(f, module, [*rest, *kwargs.values()])
    if lifted is None:
        return opaque(f, args, kwargs)
    return _marked(functools.partial(lifted, module), rest, kwargs)


_TRANSFORMS = (jax.jit, jax.vmap, jax.grad, jax.value_and_grad, jax.jacfwd, jax.jacrev, jax.hessian, jax.checkpoint)


def _layers(f: Any) -> list[Any]:
    """The function itself, then what jit or Flax's own handler wraps."""
    layers = [f]
    while (is_handled(f) or _is_jit(f)) and hasattr(f, "__wrapped__"):
        f = f.__wrapped__
        layers.append(f)
    return layers


_JIT = type(jax.jit(lambda: None))


def _is_jit(f: Any) -> bool:
    return isinstance(f, _JIT)


def _name(f: Any) -> str:
    return str(getattr(f, "__qualname__", None) or getattr(f, "__name__", None) or type(f).__name__)
