"""What an opaque call can reach: arrays that move, modules, and functions that hold either.

`jax.jvp` sees only its arguments, so everything that moves must become one. `Reach` walks the arguments of a call,
through containers, partials, closures and fields, and lists the arrays that move and the modules; `rebuilt` makes the
same arguments again around other arrays and other modules.
"""

from __future__ import annotations

import dataclasses
import functools
import operator
import types
from collections.abc import Callable, Mapping
from typing import Any

import flax.linen as nn
import jax
from flax.core import Scope, meta

from jvpgen.runtime import live, shadows
from jvpgen.runtime.errors import LostTangent
from jvpgen.runtime.fields import moving_fields
from jvpgen.runtime.pair import is_pair
from jvpgen.runtime.registry import body_of, is_derivative_only
from jvpgen.runtime.zero import instantiate, is_inexact, is_zero

Owner = nn.Module | Scope


@dataclasses.dataclass
class Reach:
    """The moving arrays with their tangents, in the order in which they are met, and the bound modules and the scopes
    whose variables move, each once."""

    primals: list[Any] = dataclasses.field(default_factory=list)
    tangents: list[Any] = dataclasses.field(default_factory=list)
    modules: dict[int, Owner] = dataclasses.field(default_factory=dict)
    _open: set[int] = dataclasses.field(default_factory=set)

    @property
    def is_still(self) -> bool:
        return not self.primals

    # --- Looking ------------------------------------------------------------------------------------------------------

    def add(self, value: Any, tangent: Any = None) -> None:
        _walk(value, tangent, self._see_leaf, self._see_module, self._open)

    def _see_leaf(self, primal: Any, tangent: Any) -> Any:
        if is_inexact(primal):
            self.primals.append(primal)
            self.tangents.append(instantiate(tangent, primal))
        return primal

    def _see_module(self, owner: Owner) -> Any:
        if isinstance(owner, Scope) or owner.scope is not None:
            self.modules.setdefault(id(owner), owner)
        return owner


def rebuilt(value: Any, arrays: Any, modules: Mapping[int, Owner]) -> Any:
    """`value` with its moving arrays taken from the iterator `arrays`, and modules replaced."""

    def leaf(primal: Any, tangent: Any) -> Any:
        return next(arrays) if is_inexact(primal) else primal

    return _walk(value, None, leaf, lambda module: modules.get(id(module), module), set())


def _walk(
    value: Any,
    tangent: Any,
    leaf: Callable[[Any, Any], Any],
    module: Callable[[Owner], Any],
    path: set[int],
) -> Any:
    """Rebuilds a value; `leaf` gets every array that moves, `module` every module."""

    def again(part: Any, part_dot: Any = None) -> Any:
        return _walk(part, part_dot, leaf, module, path)

    if is_pair(value):
        return again(value.primal, value.tangent)
    if isinstance(value, nn.Module):
        return _with_moving_fields(value, module(value), again)
    if isinstance(value, Scope):
        return module(value) if shadows.has_shadows(value) else value
    if isinstance(value, _FUNCTIONS) and id(value) not in path:
        path.add(id(value))
        try:
            return _function(value, tangent, again)
        finally:
            path.discard(id(value))
    if is_zero(tangent) and not _may_hold(value):
        return value
    kind = type(value)
    if kind is list or kind is tuple:
        parts = [None] * len(value) if is_zero(tangent) else list(tangent)
        held = [again(p, t) for p, t in zip(value, parts, strict=True)]
        return value if all(map(operator.is_, held, value)) else kind(held)
    if isinstance(value, tuple) and hasattr(value, "_make"):
        parts = [None] * len(value) if is_zero(tangent) else list(tangent)
        return value._make(again(p, t) for p, t in zip(value, parts, strict=True))
    if isinstance(value, Mapping):
        made = {key: again(item, None if is_zero(tangent) else tangent.get(key)) for key, item in value.items()}
        return _same_kind(value, made)
    if is_zero(tangent):
        return value
    if is_inexact(value):
        return leaf(value, tangent)
    if meta.is_axis_metadata(value):
        return value.replace_boxed(again(value.unbox(), tangent.unbox() if meta.is_axis_metadata(tangent) else tangent))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [f.name for f in dataclasses.fields(value) if f.init]
        return dataclasses.replace(
            value, **{name: again(getattr(value, name), getattr(tangent, name)) for name in names}
        )
    raise LostTangent(f"a {kind.__name__} with a tangent cannot go into a call that has no derivative of its own")


_JIT = type(jax.jit(lambda: None))
_FUNCTIONS = (types.FunctionType, types.MethodType, functools.partial, _JIT)


def _may_hold(value: Any) -> bool:
    """Whether a value whose own tangent is zero may still hold Pairs, modules or functions."""
    return isinstance(value, list | tuple | Mapping)


def _same_kind(value: Any, made: dict[Any, Any]) -> Any:
    if all(made[key] is value[key] for key in made):
        return value
    kind: Any = type(value)
    if kind is dict:
        return made
    return kind(**made) if dataclasses.is_dataclass(value) else kind(made)


def _with_moving_fields(original: nn.Module, replaced: nn.Module, again: Callable[..., Any]) -> nn.Module:
    """Fields that move, and functions in fields that hold what moves, become arguments too, in a clone."""
    held = moving_fields(original)
    changed: dict[str, Any] = {}
    for name in _field_names(original):
        value = getattr(original, name, None)
        if name in held or (isinstance(value, _FUNCTIONS) and not isinstance(value, nn.Module)):
            new = again(value, held.get(name))
            if new is not value:
                changed[name] = new
        elif any(moving_fields(part) for part in _modules_in(value)):
            raise LostTangent(f"a module in field {name!r} of {type(original).__name__} holds a value that moves")
    if not changed:
        return replaced
    state = replaced._state.export()
    made = replaced.clone(parent=replaced.scope, **changed) if replaced.scope is not None else replaced.clone(**changed)
    object.__setattr__(made, "_state", state)
    return made


def _field_names(module: nn.Module) -> list[str]:
    return [f.name for f in dataclasses.fields(module) if f.init and f.name not in ("parent", "name")]


def _modules_in(value: Any) -> list[nn.Module]:
    return [leaf for leaf in jax.tree.leaves(value) if isinstance(leaf, nn.Module)]


def _function(value: Any, tangent: Any, again: Callable[..., Any]) -> Any:
    """A function whose captured values move, with those values replaced; a bound method and a container that is called
    have a `tangent`."""
    if isinstance(value, jax.tree_util.Partial) and not is_zero(tangent):
        held = map(again, value.args, tangent.args)
        named = {name: again(part, tangent.keywords[name]) for name, part in value.keywords.items()}
        return jax.tree_util.Partial(again(value.func), *held, **named)  # type: ignore[no-untyped-call]
    if isinstance(value, functools.partial):
        args, kwargs = getattr(value, "__jvpgen_held__", (list(value.args), value.keywords))
        new_args = [again(a) for a in args]
        new_kwargs = {name: again(a) for name, a in kwargs.items()}
        func = again(value.func)
        same = func is value.func and all(map(operator.is_, new_args, value.args))
        if same and all(new_kwargs[name] is value.keywords[name] for name in new_kwargs):
            return value
        return functools.partial(func, *new_args, **new_kwargs)
    if isinstance(value, _JIT):
        inner = value.__wrapped__  # type: ignore[attr-defined]
        new = again(inner)
        return value if new is inner else new
    if isinstance(value, types.MethodType):
        owner = again(value.__self__, getattr(tangent, "__self__", None))
        return value if owner is value.__self__ else types.MethodType(value.__func__, owner)
    if not isinstance(value, types.FunctionType):
        return value
    if is_derivative_only(value) and not all(map(is_zero, _all_captured_tangents(value))):
        raise LostTangent(
            f"{value.__qualname__} holds values that move, and is given to something that jvpgen cannot read"
        )
    defaults, named_defaults, changed = _defaults(value, again)
    moving = _captured_tangents(value)
    cells = []
    for name, cell in zip(value.__code__.co_freevars, value.__closure__ or (), strict=True):
        try:
            content = cell.cell_contents
        except ValueError:  # not assigned yet
            cells.append(cell)
            continue
        live.check_captured(content, moving.get(name), function=value, name=name)
        new = again(content, moving.get(name))
        changed |= new is not content
        cells.append(types.CellType(new))
    if not changed:
        return value
    made = types.FunctionType(value.__code__, value.__globals__, value.__name__, defaults, tuple(cells))
    made.__kwdefaults__ = named_defaults
    return made


def _defaults(
    function: types.FunctionType, again: Callable[..., Any]
) -> tuple[tuple[Any, ...] | None, dict[str, Any] | None, bool]:
    """The positional and the keyword defaults with those that move replaced, and whether there are any."""
    code, old, old_named = function.__code__, function.__defaults__ or (), function.__kwdefaults__ or {}
    names = code.co_varnames[code.co_argcount - len(old) : code.co_argcount]
    made = body_of(function)
    tangents = {} if made is None else {item.name: item.default_tangent for item in made.parameters}

    def replaced(name: str, content: Any) -> Any:
        live.check_captured(content, tangents.get(name), function=function, name=name)
        return again(content, tangents.get(name))

    new = tuple(replaced(name, content) for name, content in zip(names, old, strict=True))
    new_named = {name: replaced(name, content) for name, content in old_named.items()}
    changed = any(new[place] is not content for place, content in enumerate(old))
    changed |= any(new_named[name] is not content for name, content in old_named.items())
    return new or None, new_named or None, changed


def _all_captured_tangents(function: types.FunctionType) -> list[Any]:
    """What the derivative of a function holds under the name of a tangent."""
    derivative: Any = body_of(function).derivative  # type: ignore[union-attr]
    cells = zip(derivative.__code__.co_freevars, derivative.__closure__ or (), strict=True)
    return [cell.cell_contents for name, cell in cells if name.endswith("_dot")]


def _captured_tangents(function: types.FunctionType) -> dict[str, Any]:
    """The tangents of what a function captures, as its derivative captures them."""
    made = body_of(function)
    derivative = made.derivative if made is not None else None
    if made is None or not isinstance(derivative, types.FunctionType) or not derivative.__closure__:
        return {}
    cells = dict(zip(derivative.__code__.co_freevars, derivative.__closure__, strict=True))
    tangents = {}
    for name in function.__code__.co_freevars:
        cell = cells.get(made.renamed.get(name) or f"{name}_dot")
        if cell is not None:
            tangents[name] = cell.cell_contents
    return tangents
