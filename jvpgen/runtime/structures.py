"""Builtins that move values around without computing, and classes that hold them.

Each partner gets its arguments split into primals and tangents and returns both. A class of the user's is called once,
on primals; its tangent is a `Record`.
"""

from __future__ import annotations

import builtins
import dataclasses
import functools
import itertools
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import flax.linen as nn
import jax
from flax.core.scope import Variable

from jvpgen.runtime import library, partials, trees
from jvpgen.runtime.callables import MethodTangent, as_function
from jvpgen.runtime.errors import LostTangent, UnknownTangent
from jvpgen.runtime.fields import moving_fields
from jvpgen.runtime.members import getter
from jvpgen.runtime.overrides import is_set_up_plainly, relies_on_overridden
from jvpgen.runtime.pair import Pair, is_pair, split, split_named
from jvpgen.runtime.pushing import push
from jvpgen.runtime.record import Record, field_names, fields_of, form_of
from jvpgen.runtime.registry import body_of, exact_function, is_opaque
from jvpgen.runtime.variables import ShadowVariable
from jvpgen.runtime.zero import LINEAR_PROPERTIES, Zero, is_inexact, is_zero, like_of, zero

Outcome = tuple[Any, Any]


def _push(f: Any, *arguments: Any) -> Outcome:
    return push(f, list(arguments), {})


# --- Builtins ---------------------------------------------------------------------------------------------------------


def _sequence(kind: Callable[[Iterable[Any]], Any]) -> Callable[..., Outcome]:
    def make(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
        primals, tangents = split(args)
        out = kind(*primals)
        return out, zero(out) if not args or is_zero(tangents[0]) else kind(tangents[0])

    return make


def _dict(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    primals, tangents = split(args)
    named, named_dot = split_named(kwargs)
    if primals and not isinstance(primals[0], Mapping):
        primals = [list(primals[0])]  # pairs, perhaps from a generator
    out = dict(*primals, **named)
    if not args or is_zero(tangents[0]):
        first = {key: zero(out[key]) for key in out if key not in named}
    else:
        first = dict(tangents[0]) if isinstance(primals[0], Mapping) else _by_key(primals[0], tangents[0])
    return out, {**first, **named_dot}


def _by_key(items: Iterable[Any], tangents: Iterable[Any]) -> dict[Any, Any]:
    """The tangents of `(key, value)` items."""
    return {key: tangent for (key, _), (_, tangent) in zip(items, tangents, strict=True)}


def _zip_rows(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    primals, tangents = split(args)
    rows = list(zip(*primals, **kwargs))  # noqa: B905  the user's own strict=
    columns = [
        [zero(row[i]) for row in rows] if isinstance(t, Zero) or is_zero(t) else list(t) for i, t in enumerate(tangents)
    ]
    return rows, [tuple(column[j] for column in columns) for j in range(len(rows))]


def _enumerate(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    primals, tangents = split(args)
    start = kwargs.get("start", primals[1] if len(primals) > 1 else 0)
    rows = list(enumerate(primals[0], start))
    moving = _items(tangents[0], [value for _, value in rows])
    return rows, [(Zero(i), t) for (i, _), t in zip(rows, moving, strict=True)]


def _items(tangent: Any, values: list[Any]) -> list[Any]:
    """The tangents of the items of an iterable, whose items were `values`."""
    return [zero(value) for value in values] if isinstance(tangent, Zero) or is_zero(tangent) else list(tangent)


def _map(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    f, *rest = as_function(args[0]), *args[1:]
    rows, rows_dot = _zip_rows(rest, {})
    outcomes = [_push(f, *map(Pair, row, row_dot)) for row, row_dot in zip(rows, rows_dot, strict=True)]
    return [out for out, _ in outcomes], [out_dot for _, out_dot in outcomes]


def _filter(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    (test, values), (_, tangent) = split(args)
    values = list(values)
    moving = _items(tangent, values)
    kept = [i for i, value in enumerate(values) if (value if test is None else test(value))]
    return [values[i] for i in kept], [moving[i] for i in kept]


def _reversed(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    (values,), (tangent,) = split(args)
    out = list(reversed(values))
    return out, list(reversed(_items(tangent, list(values))))


def _sorted(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    primals, tangents = split(args)
    named, _ = split_named(kwargs)
    values = list(primals[0])
    moving = _items(tangents[0], values)
    key = named.pop("key", None)
    order = sorted(range(len(values)), key=lambda i: values[i] if key is None else key(values[i]), **named)
    return [values[i] for i in order], [moving[i] for i in order]


def _sum(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    primals, tangents = split([*args, *kwargs.values()])
    values = list(primals[0])
    out = sum(values, *primals[1:])
    moving = _items(tangents[0], values)
    total = tangents[1] if len(tangents) > 1 else Zero(0)
    for tangent in moving:
        total = total + tangent
    return out, total


def _chosen(choose: Callable[..., Any]) -> Callable[..., Outcome]:
    """max and min: which one is decided by the primals."""

    def run(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
        primals, tangents = split(args)
        named, named_dot = split_named(kwargs)
        values = list(primals[0]) if len(args) == 1 else primals
        moving = _items(tangents[0], values) if len(args) == 1 else tangents
        if not values:
            return named["default"], named_dot["default"]
        key = named.get("key")
        i = choose(range(len(values)), key=lambda i: values[i] if key is None else key(values[i]))
        return values[i], moving[i]

    return run


def _getattr(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    primals, tangents = split(args)
    owner, name = primals[0], primals[1]
    if len(primals) > 2 and not hasattr(owner, name):
        return primals[2], tangents[2]
    if isinstance(owner, nn.Module):
        return attribute(owner, name)
    of_property = getter(type(owner), name)
    if of_property is not None:
        return _push(of_property, args[0])
    out = getattr(owner, name)
    if is_zero(tangents[0]) or (like_of(owner) is not None and name in _STATIC_OF_ARRAYS):
        return out, zero(out)
    is_method = callable(out) and hasattr(out, "__self__")  # what it does to tangents is decided when it is called
    if like_of(owner) is not None and name not in LINEAR_PROPERTIES and not is_method:
        raise LostTangent(f"the attribute `{name}` of an array that has a tangent is got by its name")
    if isinstance(out, types.MethodType) and like_of(owner) is None:  # of a user's class
        return out, MethodTangent(tangents[0]) if out.__self__ is owner else zero(out)
    return out, getattr(tangents[0], name)


_STATIC_OF_ARRAYS = frozenset(
    "shape dtype ndim size sharding itemsize nbytes weak_type aval device committed is_fully_addressable "
    "is_fully_replicated __class__ __name__".split()
)


def attribute(owner: nn.Module, name: str) -> Outcome:
    """An attribute of a module, and its tangent."""
    of_property = getter(type(owner), name)
    if of_property is not None:
        return _push(of_property, owner)
    out = getattr(owner, name)
    return out, _attribute_tangent(owner, name, out)


def _attribute_tangent(owner: nn.Module, name: str, out: Any) -> Any:
    """The tangent of a module's attribute: as the body of `setup` stored it, or of a field as it was given."""
    if f"{name}_dot" in vars(owner):
        return vars(owner)[f"{name}_dot"]
    fields = {field.name for field in dataclasses.fields(owner)}
    if name in fields:
        return moving_fields(owner).get(name, zero(out))
    if isinstance(out, Variable):
        return ShadowVariable(out)
    still = not any(is_inexact(leaf) for leaf in jax.tree.leaves(out) if isinstance(leaf, jax.Array))
    is_derived = name in vars(owner) and _setups_are_derived(type(owner)) and not is_set_up_plainly(owner)
    if still or is_derived:
        return zero(out)
    raise UnknownTangent(f"{type(owner).__name__}.{name} may have a tangent, and nothing generated says which", owner)


def _setups_are_derived(kind: type) -> bool:
    """Whether every class that brings a `setup` has been derived: an attribute without a tangent then has none."""
    for base in kind.__mro__:
        if "setup" in vars(base) and base is not nn.Module:
            setup = exact_function(vars(base)["setup"])
            derived = any(body_of(exact_function(item)) for item in vars(base).values() if callable(item))
            if is_opaque(setup) or not derived or (body_of(setup) is None and relies_on_overridden(kind, setup)):
                return False
    return True


def _setattr(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    (owner, name, value), (owner_dot, _, value_dot) = split(args)
    setattr(owner, name, value)
    if isinstance(owner, nn.Module):
        setattr(owner, f"{name}_dot", value_dot)
    elif not isinstance(owner_dot, Zero):
        setattr(owner_dot, name, value_dot)
    elif not is_zero(value_dot):
        raise LostTangent(f"a tangent of {type(owner).__name__}.{name} has no place: the object's own tangent is zero")
    return None, None


def _next(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    primals, tangents = split(args)
    end = object()
    out = next(primals[0], end)
    if out is end:
        if len(primals) < 2:
            raise StopIteration
        return primals[1], tangents[1]
    return out, zero(out) if isinstance(tangents[0], Zero) else next(tangents[0])


def _iter(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    (values,), (tangent,) = split(args)
    held = list(values)
    return iter(held), iter(_items(tangent, held))


def _chain(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    primals, tangents = split(args)
    held = [list(values) for values in primals]
    moving = [_items(t, values) for t, values in zip(tangents, held, strict=True)]
    return list(itertools.chain(*held)), list(itertools.chain(*moving))


def _reduce(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    f = as_function(args[0])
    primals, tangents = split(args[1:])
    values = list(primals[0])
    parts = [Pair(v, t) for v, t in zip(values, _items(tangents[0], values), strict=True)]
    if len(primals) > 1:
        parts.insert(0, Pair(primals[1], tangents[1]))
    if not parts:
        raise TypeError("reduce() of empty iterable with no initial value")
    total = parts[0]
    for part in parts[1:]:
        total = Pair(*_push(f, total, part))
    return total.primal, total.tangent


def _plain(f: Callable[..., Any]) -> Callable[..., Outcome]:
    """A builtin whose result moves with nothing."""

    def run(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
        out = f(*split(args)[0], **split_named(kwargs)[0])
        return out, zero(out)

    return run


_PARTNERS: dict[int, Callable[..., Outcome]] = {
    id(list): _sequence(list),
    id(tuple): _sequence(tuple),
    id(dict): _dict,
    id(zip): _zip_rows,
    id(enumerate): _enumerate,
    id(map): _map,
    id(filter): _filter,
    id(reversed): _reversed,
    id(sorted): _sorted,
    id(sum): _sum,
    id(max): _chosen(max),
    id(min): _chosen(min),
    id(getattr): _getattr,
    id(setattr): _setattr,
    id(next): _next,
    id(iter): _iter,
    id(itertools.chain): _chain,
    id(functools.reduce): _reduce,
    id(functools.partial): partials.partial,
    id(jax.tree_util.Partial): partials.tree_partial,
    **library.PARTNERS,
}
_PARTNERS[id(dataclasses.fields)] = _plain(dataclasses.fields)
_ASKING = """
    all any bool callable dir format hasattr hash id isinstance issubclass len print range repr slice str type vars
"""
for _name in _ASKING.split():
    _PARTNERS[id(getattr(builtins, _name))] = _plain(getattr(builtins, _name))


def by_structure(f: Any, args: list[Any], kwargs: Mapping[str, Any]) -> Outcome | None:
    """The outcome for a builtin that moves values around; None for anything else."""
    partner = _PARTNERS.get(id(f)) or trees.PARTNERS.get(id(f))
    if partner is not None:
        return partner(args, kwargs)
    if isinstance(f, Method):
        return f.run(args, kwargs)
    if getattr(f, "__name__", "") in ("replace", "_replace") and len(args) == 1 and not _is_users(f, args[0]):
        return _replaced(f, args[0], kwargs)
    if getattr(f, "__name__", "") == "_asdict" and len(args) == 1 and not kwargs:
        return _as_dict(args[0])
    owner = getattr(f, "__objclass__", None)
    if owner in (list, dict, tuple) and args:  # list.append and the like
        return _container_method(f.__name__, args, kwargs)
    receiver = getattr(f, "__self__", None)
    if isinstance(receiver, str | bytes | int | float | range):
        return _plain(f)(args, kwargs)
    if isinstance(receiver, list | dict | set) and any(map(_moves, [*args, *kwargs.values()])):
        return _method_of_constant(receiver, f.__name__, args, kwargs)
    return None


def _moves(argument: Any) -> bool:
    return is_pair(argument) and not is_zero(argument.tangent)


def _method_of_constant(receiver: Any, name: str, args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    """`table.get("x", x)` of a container that has no tangent; it cannot take a value that has one."""
    if name in _TAKES_VALUES or isinstance(receiver, set):
        kind = type(receiver).__name__
        raise LostTangent(
            f"{kind}.{name} stores a value that has a tangent in a {kind} that is taken for constant; "
            "make it in the function that fills it, or return what is stored"
        )
    return _container_method(name, [Pair(receiver, zero(receiver)), *args], kwargs)


def _as_dict(owner: Any) -> Outcome | None:
    """`state._asdict()` of a NamedTuple."""
    receiver, moving = (owner.primal, owner.tangent) if is_pair(owner) else (owner, zero(owner))
    if not isinstance(receiver, tuple) or not hasattr(receiver, "_fields"):
        return None
    fields = {name: getattr(receiver, name) for name in receiver._fields}
    still = isinstance(moving, Zero)
    return fields, {name: zero(part) if still else getattr(moving, name) for name, part in fields.items()}


def _is_users(f: Any, owner: Any) -> bool:
    """Whether a class brings its own `replace`, which may do anything."""
    kind = type(owner.primal if is_pair(owner) else owner)
    return getattr(f, "__module__", None) == kind.__module__


def _replaced(f: Any, owner: Any, kwargs: Mapping[str, Any]) -> Outcome | None:
    """`state._replace(x=y)` of a NamedTuple, `state.replace(x=y)` of a dataclass: the fields' tangents likewise."""
    receiver, moving = (owner.primal, owner.tangent) if is_pair(owner) else (owner, zero(owner))
    if isinstance(receiver, tuple):
        names = list(getattr(receiver, "_fields", ()))
    else:
        names = [field.name for field in dataclasses.fields(receiver)] if dataclasses.is_dataclass(receiver) else []
    if not names:
        return None
    named, named_dot = split_named(kwargs)
    if isinstance(moving, Zero):  # of any field, also one that is called `shape`
        parts = {name: named_dot[name] if name in named_dot else zero(getattr(receiver, name)) for name in names}
    else:
        parts = {name: named_dot[name] if name in named_dot else getattr(moving, name) for name in names}
    return f(receiver, **named), Record(parts, "tuple" if isinstance(receiver, tuple) else "object")


# --- Methods of values ------------------------------------------------------------------------------------------------


class Method:
    """`pushforward(Method("append"), (xs, v), (xs_dot, v_dot))`: a method of a receiver known only at run time."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, receiver: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(receiver, self.name)(*args, **kwargs)

    def run(self, args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
        from jvpgen.runtime.rule_dispatch import array_method

        receiver = args[0].primal if is_pair(args[0]) else args[0]
        if isinstance(receiver, list | dict | tuple):
            return _container_method(self.name, args, kwargs)
        outcome = array_method(self.name, args, kwargs)
        if outcome is not None:
            return outcome
        tangent = args[0].tangent if is_pair(args[0]) else zero(receiver)
        if isinstance(tangent, Record) and hasattr(Record, self.name):
            primals, tangents = split(args[1:])
            named, named_dot = split_named(kwargs)
            return getattr(receiver, self.name)(*primals, **named), getattr(tangent, self.name)(*tangents, **named_dot)
        if not is_zero(tangent):
            method = getattr(type(receiver), self.name)
            return push(method, args, kwargs)
        return push(getattr(receiver, self.name), args[1:], kwargs)


_TAKES_VALUES = frozenset(("append", "extend", "insert", "setdefault", "update", "__setitem__", "__add__"))
_ASKS = frozenset(("keys", "index", "count", "__contains__", "__len__"))


def _container_method(name: str, args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    """A method of a list, tuple or dict, done to the container and to its tangent."""
    primals, tangents = split(args)
    named, named_dot = split_named(kwargs)
    receiver, moving = primals[0], tangents[0]
    if name in _ASKS:
        out = getattr(receiver, name)(*primals[1:], **named)
        return out, zero(out)
    if isinstance(moving, Zero):
        raise LostTangent(f"{type(receiver).__name__}.{name}: the container's tangent is no container")
    if name in ("get", "pop") and isinstance(receiver, dict):
        return getattr(receiver, name)(*primals[1:]), getattr(moving, name)(primals[1], *tangents[2:])
    if name == "sort":
        order = sorted(range(len(receiver)), key=lambda i: (named.get("key") or (lambda v: v))(receiver[i]))
        order = order[::-1] if named.get("reverse") else order
        receiver[:], moving[:] = [receiver[i] for i in order], [moving[i] for i in order]
        return None, None
    keys = 1 if name in ("insert", "setdefault", "__setitem__", "pop", "__getitem__", "__delitem__") else 0
    out = getattr(receiver, name)(*primals[1:], **named)
    rest = [*primals[1 : 1 + keys], *tangents[1 + keys :]]
    return out, getattr(moving, name)(*rest, **named_dot)


# --- Classes ----------------------------------------------------------------------------------------------------------


def constructed(kind: Any, args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    """An instance, made of primals, and its tangent."""
    partner = _PARTNERS.get(id(kind))
    if partner is not None:
        return partner(args, kwargs)
    primals, tangents = split(args)
    named, named_dot = split_named(kwargs)
    if issubclass(kind, nn.Module):
        from jvpgen.runtime.fields import with_tangents

        out = kind(*primals, **named)
        return out, with_tangents(out, kind, tangents, named_dot)
    from jvpgen.runtime.objects import initialised

    outcome = initialised(kind, args, kwargs)
    if outcome is not None:
        return outcome
    if all(map(is_zero, [*tangents, *named_dot.values()])):
        out = kind(*primals, **named)
        return out, zero(out)
    names = field_names(kind)
    if names is not None:
        out = kind(*primals, **named)
        given = {**dict(zip(names, tangents, strict=False)), **named_dot}
        held = {name: given.get(name, zero(value)) for name, value in fields_of(out).items()}
        return out, Record(held, form_of(out) or "object")
    if issubclass(kind, Mapping):
        out = kind(*primals, **named)
        _, moving = _dict([Pair(p, t) for p, t in zip(primals, tangents, strict=True)], kwargs)
        held = {name: moving.get(name, zero(value)) for name, value in out.items()}
        return out, Record(held, form_of(out) or "mapping")
    from jvpgen.runtime.opaque import opaque

    return opaque(kind, args, kwargs)
