"""Reading and storing Flax's variables together with their tangents.

Each partner lets Flax do what it does (naming, name collisions, mutability, initialisation, boxes) and adds only the
shadow's side.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
from flax.core import Scope, meta

from jvpgen.runtime import live, regions, shadows
from jvpgen.runtime.pair import Pair, contains_pair, is_pair, primal_of
from jvpgen.runtime.pushing import push
from jvpgen.runtime.registry import body_of
from jvpgen.runtime.zero import Zero, is_zero, zero


def scope_of(owner: Any) -> Scope:
    """The scope of a bound module; a scope is its own."""
    scope = owner if isinstance(owner, Scope) else owner.scope
    if scope is None:
        raise ValueError("Can't access variables on unbound modules")
    return scope


def param(
    self: Any, name: str, init_fn: Callable[..., Any], *init_args: Any, unbox: bool = True, **init_kwargs: Any
) -> tuple[Any, Any]:
    """`self.param(…)` and its tangent.

    Flax traces the initializer at every call to compare shapes. A parameter that has the shape passed to the
    initializer is taken as it is; everything else is left to Flax.
    """
    scope = scope_of(self)
    if _is_plainly_there(self, scope, name, init_args):
        scope.reserve(name, "params")
        if not isinstance(self, Scope):
            self._state.children[name] = "params"
        value = scope.get_variable("params", name)
        if unbox:
            value = meta.unbox(value)
        return _noted(value, shadows.read_tangent(scope, "params", name, value, unbox=unbox))
    initial = _Initial(init_fn, is_new=not scope.has_variable("params", name))
    args, kwargs = initial.arguments(init_args, init_kwargs)
    with regions.plain():
        value = self.param(name, initial.function, *args, unbox=unbox, **kwargs)
    initial.store(scope, "params", name, value)
    return _noted(value, shadows.read_tangent(scope, "params", name, value, unbox=unbox))


def _noted(value: Any, tangent: Any) -> tuple[Any, Any]:
    live.note((value,), (tangent,))
    return value, tangent


def _is_plainly_there(owner: Any, scope: Scope, name: str, init_args: tuple[Any, ...]) -> bool:
    """Whether Flax would find the parameter, with the shape that the initializer is given, and only hand it out."""
    if not init_args or not isinstance(init_args[0], tuple | list) or not scope.has_variable("params", name):
        return False
    if isinstance(owner, nn.Module) and (
        type(owner).param is not nn.Module.param
        or not owner._initialization_allowed
        or owner._name_taken(name, collection="params")
    ):
        return False
    value = scope.get_variable("params", name)
    while meta.is_axis_metadata(value):
        value = value.value if hasattr(value, "value") else value.unbox()
    return hasattr(value, "shape") and tuple(value.shape) == tuple(init_args[0])


class _Initial:
    """An initializer that remembers the tangent of what it returned."""

    def __init__(self, init_fn: Any, *, is_new: bool) -> None:
        still = is_pair(init_fn) and is_zero(init_fn.tangent)
        self._init_fn, self._tangent, self._is_new = init_fn.primal if still else init_fn, None, is_new

    @property
    def function(self) -> Any:
        if self._init_fn is None or not self._is_new:
            return primal_of(self._init_fn)
        return self._run

    def _run(self, *args: Any, **kwargs: Any) -> Any:
        if body_of(self._init_fn) is None and not contains_pair([args, kwargs]):
            return self._init_fn(*args, **kwargs)
        value, self._tangent = push(self._init_fn, list(args), kwargs)
        return value

    def arguments(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Flax must see no Pair where it evaluates the initializer by itself."""
        return (args, kwargs) if self._is_new else (primal_of(args), primal_of(kwargs))

    def store(self, scope: Scope, collection: str, name: str, value: Any) -> None:
        if self._is_new and not is_zero(self._tangent):
            shadows.write_tangent(scope, collection, name, value, self._tangent)


def variable(
    self: Any,
    collection: str,
    name: str,
    init_fn: Callable[..., Any] | None = None,
    *init_args: Any,
    unbox: bool = True,
    **init_kwargs: Any,
) -> tuple[Any, ShadowVariable]:
    """`self.variable(…)` and a variable of its tangent; both are read and stored where the source does it."""
    scope = scope_of(self)
    initial = _Initial(init_fn, is_new=not scope.has_variable(collection, name))
    args, kwargs = initial.arguments(init_args, init_kwargs)
    with regions.plain():
        made = self.variable(collection, name, initial.function, *args, unbox=unbox, **kwargs)
    initial.store(scope, collection, name, meta.unbox(scope.get_variable(collection, name)))
    return made, ShadowVariable(made)


class ShadowVariable:
    """The tangent of a Flax Variable; a zero one has no entry in the shadow collection."""

    def __init__(self, primal: Any) -> None:
        self._primal = primal

    @property
    def value(self) -> Any:
        variable = self._primal
        return shadows.read_tangent(
            variable.scope, variable.collection, variable.name, variable.value, unbox=getattr(variable, "unbox", True)
        )

    @value.setter
    def value(self, tangent: Any) -> None:
        store_tangent(self._primal.scope, self._primal.collection, self._primal.name, tangent)

    def is_mutable(self) -> bool:
        return bool(self._primal.is_mutable())


def store_tangent(scope: Scope, collection: str, name: str, tangent: Any) -> None:
    """Stores the tangent of a variable whose primal is already stored, in the primal's box where it has one."""
    primal = scope.get_variable(collection, name)
    if meta.is_axis_metadata(primal) and not is_zero(tangent) and not meta.is_axis_metadata(tangent):
        tangent = meta.replace_boxed(primal, shadows.sparse(tangent, meta.unbox(primal)))
    shadows.write_tangent(scope, collection, name, primal, tangent)


def variables_of(self: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """`self.variables`, shadows hidden, and the tangents of all of them."""
    scope = scope_of(self)
    return shadows.visible(scope), shadows.tangent_view(scope)()


def get_variable(self: Any, collection: str, name: str, default: Any = None) -> tuple[Any, Any]:
    scope = scope_of(self)
    if not scope.has_variable(collection, name):
        return _split(default)
    value = scope.get_variable(collection, name)
    return value, shadows.read_tangent(scope, collection, name, value, unbox=False)


def put_variable(self: Any, collection: str, name: str, value: Any) -> tuple[None, None]:
    primal, tangent = _split(value)
    scope = scope_of(self)
    scope.put_variable(collection, name, primal)
    store_tangent(scope, collection, name, tangent)
    return None, None


def sow(
    self: Any, collection: str, name: str, value: Any, reduce_fn: Any = None, init_fn: Any = None
) -> tuple[bool, Any]:
    """`self.sow(…)`: Flax stores the primal, and what is stored gets its tangent."""
    scope = scope_of(self)
    primal, tangent = _split(value)
    stored: list[Any] = []
    old_tangent: list[Any] = []
    if scope.has_variable(collection, name):
        old = scope.get_variable(collection, name)
        old_tangent.append(shadows.read_tangent(scope, collection, name, old))

    def initial() -> Any:
        start, start_dot = ((), ()) if init_fn is None else push(init_fn, [], {})
        old_tangent.append(start_dot)
        return start

    def reduced(old: Any, new: Any) -> Any:
        if reduce_fn is None:
            stored.append((*old_tangent[0], tangent))
            return (*old, new)
        total, total_dot = push(reduce_fn, [Pair(old, old_tangent[0]), Pair(new, tangent)], {})
        stored.append(total_dot)
        return total

    done = self.sow(collection, name, primal, reduce_fn=reduced, init_fn=initial)
    if stored:
        store_tangent(scope, collection, name, stored[0])
    return done, zero(done)


def perturb(self: Any, name: str, value: Any, collection: str = "perturbations") -> tuple[Any, Any]:
    primal, tangent = _split(value)
    out = self.perturb(name, primal, collection)
    scope = scope_of(self)
    if not scope.has_variable(collection, name):
        return out, tangent
    stored = scope.get_variable(collection, name)
    moved = shadows.read_tangent(scope, collection, name, stored)
    return out, jax.tree.map(lambda a, b: a + b, tangent, moved, is_leaf=lambda leaf: isinstance(leaf, Zero))


def _split(value: Any) -> tuple[Any, Any]:
    return (value.primal, value.tangent) if isinstance(value, Pair) else (value, zero(value))
