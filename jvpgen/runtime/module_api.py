"""The bound methods of modules and scopes that jvpgen knows itself, by the function that they are."""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import types
from collections.abc import Callable, Mapping
from typing import Any

import flax.linen as nn
import jax
from flax.core import Scope
from flax.linen.module import CompactNameScope

from jvpgen.runtime import shadows, variables
from jvpgen.runtime.errors import LostTangent
from jvpgen.runtime.fields import holds_moving, moving_fields, with_tangents
from jvpgen.runtime.pair import Pair, is_pair, pairs, primal_of
from jvpgen.runtime.pushing import push
from jvpgen.runtime.registry import Body, attach, body
from jvpgen.runtime.zero import is_zero, zero

Partner = Callable[..., tuple[Any, Any]]


def _plain(function: Callable[..., Any]) -> Partner:
    """A method whose result moves with nothing: names, keys, questions about the scope."""

    def call(owner: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        out = function(owner, *primal_of(args), **primal_of(kwargs))
        return out, zero(out)

    return call


def _bare_names(partner: Partner, names: int) -> Partner:
    """The first `names` arguments, and whatever moves not, are not Pairs for the partner."""

    def call(owner: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        positional = [primal_of(a) if i < names else a for i, a in enumerate(args)]
        named = {key: primal_of(a) if key in _STATIC else a for key, a in kwargs.items()}
        return partner(owner, *positional, **named)

    return call


_STATIC = frozenset(("name", "collection", "col", "unbox", "reduce_fn", "init_fn"))


def _renamed(partner: Partner) -> Partner:
    """Flax calls the collection `col`."""

    def call(owner: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        if "col" in kwargs:
            kwargs["collection"] = kwargs.pop("col")
        return partner(owner, *args, **kwargs)

    return call


def _still(partner: Partner) -> Partner:
    """Initializer arguments that are Pairs only in name become bare."""

    def call(owner: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        return partner(owner, *map(_bare, args), **{name: _bare(a) for name, a in kwargs.items()})

    return call


def _bare(argument: Any) -> Any:
    return argument.primal if is_pair(argument) and isinstance(argument, Pair) and argument.all_zero() else argument


def _partners(owner: type, *, module: bool) -> Mapping[Any, Partner]:
    table: dict[Any, Partner] = {
        owner.param: _still(_bare_names(variables.param, 2)),  # type: ignore[attr-defined]
        owner.variable: _renamed(_still(_bare_names(variables.variable, 3))),  # type: ignore[attr-defined]
        owner.get_variable: _renamed(_bare_names(variables.get_variable, 2)),  # type: ignore[attr-defined]
        owner.put_variable: _renamed(_bare_names(variables.put_variable, 2)),  # type: ignore[attr-defined]
    }
    plain = ["has_variable", "is_mutable_collection", "has_rng", "make_rng"]
    if module:
        table[nn.Module.sow] = _renamed(_bare_names(variables.sow, 2))
        table[nn.Module.apply] = _applied
        table[nn.Module.bind] = _bound
        table[nn.Module.unbind] = _unbound
        table[nn.Module.clone] = _made_anew(nn.Module.clone)
        table[nn.Module.copy] = _made_anew(nn.Module.copy)
        table[nn.Module.perturb] = _bare_names(variables.perturb, 1)
        plain += ["is_initializing", "_name_taken"]
    else:
        table[Scope.child] = _child
        table[Scope.variables] = variables.variables_of
        table[Scope.mutable_variables] = _mutable_variables
        plain += _OF_SCOPES
    for name in plain:
        table[getattr(owner, name)] = _plain(getattr(owner, name))
    return table


_OF_SCOPES = (
    "push rewound default_name reserve name_reserved is_collection_empty has_flag get_flag temporary invalidate"
).split()


def _mutable_variables(scope: Scope) -> tuple[Any, Any]:
    found, tangents = variables.variables_of(scope)
    mutable = [name for name in found if scope.is_mutable_collection(name)]
    return {name: found[name] for name in mutable}, {name: tangents[name] for name in mutable}


def _applied(owner: Any, variables: Any, *args: Any, mutable: Any = False, **kwargs: Any) -> tuple[Any, Any]:
    """`module.apply(variables, …)` inside a module: the same, with the tangents of the variables it is given."""
    from jvpgen.runtime.apply import apply_jvp

    _refuse_moving_fields(owner)
    given, moving = (variables.primal, variables.tangent) if isinstance(variables, Pair) else (variables, None)
    primals, tangents = [primal_of(a) for a in args], [a.tangent if isinstance(a, Pair) else None for a in args]
    out = apply_jvp(
        owner, given, primals, _absent(tangents), _absent(moving), mutable=mutable, update_tangents=True, **kwargs
    )
    return out if mutable is False else ((out[0], out[2]), (out[1], out[3]))


def _bound(owner: Any, variables: Any, *args: Any, rngs: Any = None, mutable: Any = False) -> tuple[nn.Module, Any]:
    """`module.bind(variables)`: the tangents of the variables live in the shadows of its scope."""
    from jvpgen.runtime.apply import with_shadows

    _refuse_moving_fields(owner)
    given, moving = (variables.primal, variables.tangent) if isinstance(variables, Pair) else (variables, None)
    suffix = shadows.free_suffix([*given, *shadows.names_in_filter(mutable)])
    held = with_shadows(given, _absent(moving), suffix)
    out = owner.bind(held, *primal_of(args), rngs=rngs, mutable=shadows.extended_filter(mutable, suffix))
    shadows.mark_suffix(out.scope, suffix)
    return out, zero(out)


def _unbound(owner: Any) -> tuple[Any, Any]:
    """`module.unbind()`: the variables come with their tangents."""
    _refuse_moving_fields(owner)
    module, _ = owner.unbind()
    found, tangents = variables.variables_of(owner)
    return (module, found), (zero(module), tangents)


def _made_anew(function: Callable[..., Any]) -> Partner:
    """`module.clone(field=value)`: the tangents of its fields, and of those it is given, go along."""

    def call(owner: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        for field in dataclasses.fields(owner):
            _refuse_moving_fields(getattr(owner, field.name, None) if field.name != "parent" else None)
        out = function(owner, *primal_of(args), **primal_of(kwargs))
        given = {name: value.tangent if isinstance(value, Pair) else None for name, value in kwargs.items()}
        return out, with_tangents(out, type(out), (), {**moving_fields(owner), **given})

    return call


def _refuse_moving_fields(owner: Any) -> None:
    """Flax clones a module that is applied or bound, and the clone knows nothing of its fields' tangents."""
    if holds_moving(owner):
        raise LostTangent(f"a field with a tangent, in a {type(owner).__name__} that is applied, bound or cloned")


def _absent(tangents: Any) -> Any:
    """Tangents with None for zeros, as the front doors take them."""
    if is_zero(tangents):
        return None
    if isinstance(tangents, Mapping):
        return {name: _absent(tangent) for name, tangent in tangents.items()}
    return [_absent(tangent) for tangent in tangents] if isinstance(tangents, list) else tangents


def _child(scope: Scope, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
    """`scope.child(fn, …)`: Flax names the scope, and the function it makes gets a derivative."""
    positional = [primal_of(a) for a in args]
    made = scope.child(*positional, **primal_of(kwargs))
    fn = positional[0] if positional else primal_of(kwargs["fn"])
    inner = inspect.getclosurevars(made).nonlocals["scope"]
    held = {name: a for name, a in kwargs.items() if name not in ("fn", "name", "prefix", "named_call")}

    def derivative(*values: Any, values_dot: Any = (), named_dot: Any = None, **named: Any) -> tuple[Any, Any]:
        pushed = [Pair(value, value_dot) for value, value_dot in zip(values, values_dot, strict=True)]
        return push(fn, [inner.rewound(), *pushed], {**held, **pairs(named, named_dot)})

    attach(made, Body(derivative, made))
    return made, zero(made)


_CHILD = next(
    code
    for code in Scope.child.__code__.co_consts
    if isinstance(code, types.CodeType) and {"fn", "partial_kwargs", "scope"} <= set(code.co_freevars)
)


def called_child(function: Any, args: list[Any], kwargs: Mapping[str, Any]) -> tuple[Any, Any] | None:
    """A call of what `scope.child(fn)` has made: of `fn` on the child scope; None for any other function."""
    if getattr(function, "__code__", None) is not _CHILD:
        return None
    held = dict(zip(_CHILD.co_freevars, (cell.cell_contents for cell in function.__closure__), strict=True))
    with jax.named_scope(held["name"]) if held["named_call"] else contextlib.nullcontext():
        return push(held["fn"], [held["scope"].rewound(), *args], {**held["partial_kwargs"], **kwargs})


@body(CompactNameScope)
def _compact_name_scope(
    self: Any, *args: Any, args_dot: Any = (), kwargs_dot: Any = None, **kwargs: Any
) -> tuple[Any, Any]:
    """The module that Flax puts around a `compact_name_scope` method, to give it a scope of its own."""
    pushed = [Pair(value, value_dot) for value, value_dot in zip(args, args_dot, strict=True)]
    return push(self.fn, [self.module_fn(), *pushed], pairs(kwargs, kwargs_dot))


API: Mapping[Any, Partner] = {**_partners(nn.Module, module=True), **_partners(Scope, module=False)}
