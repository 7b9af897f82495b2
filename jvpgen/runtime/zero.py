"""The zero tangent that costs nothing.

A `Zero` stands for the tangent of a value along which nothing changes. It knows its primal, or how to find the shape
and dtype that it would have, and finds them only when asked. The arithmetic of tangents works on it, so that generated
code needs no `if`: `x_dot @ w + x @ w_dot` is right when either tangent is a `Zero`. What is not linear in the tangent
is not defined.

`Zero` is not a pytree: JAX and Flax refuse it loudly, and it crosses a transformation only inside a `Pair`.
"""

from __future__ import annotations

import collections
import functools
import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from flax.core.scope import Variable

from jvpgen.runtime.errors import LostTangent


class Like(Protocol):
    """What a Zero has in common with its primal: a ShapeDtypeStruct or an abstract array."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> Any: ...


_UNKNOWN: Any = object()
_LINEAR = """
    astype conj conjugate copy cumsum diagonal flatten mean ravel repeat reshape squeeze sum swapaxes take trace
    transpose view
"""
_LINEAR_METHODS = frozenset(_LINEAR.split())
LINEAR_PROPERTIES = frozenset(("T", "mT", "real", "imag"))


class Zero:
    """The zero tangent of `primal`; `primal` may be any value, or a ShapeDtypeStruct."""

    __slots__ = ("_args", "_like", "_operation", "_primal")
    __array_ufunc__ = None  # numpy's arrays leave `array op Zero` to us
    __array_priority__ = 1000

    def __init__(self, primal: Any) -> None:
        known = isinstance(primal, Zero)
        self._primal: Any = primal._primal if known else primal
        self._like: Any = primal._like if known else _UNKNOWN
        self._operation: Callable[..., Any] | None = primal._operation if known else None
        self._args: tuple[Any, ...] = primal._args if known else ()

    @classmethod
    def of(cls, operation: Callable[..., Any], *args: Any) -> Zero:
        """The zero whose primal-like value would be `operation(*args)`; Zeros among `args` count as their primals."""
        made = cls(_UNKNOWN)
        made._operation, made._args = operation, args
        return made

    @classmethod
    def lazily(cls, thunk: Callable[[], Any]) -> Zero:
        """The zero of what `thunk()` returns: an array, a ShapeDtypeStruct, or anything with shape and dtype."""
        return cls.of(thunk)

    # --- What it is like ----------------------------------------------------------------------------------------------

    @property
    def like(self) -> Like | None:
        """Shape, dtype and weak type; None when the primal is no array."""
        if self._like is _UNKNOWN:
            _settle(self)
        return self._like  # type: ignore[no-any-return]

    def _array_like(self) -> Like:
        like = self.like
        if like is None:
            raise TypeError(f"the zero tangent of a {type(self._primal).__name__} has no shape or dtype")
        return like

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self._array_like().shape)

    @property
    def dtype(self) -> Any:
        return self._array_like().dtype

    @property
    def weak_type(self) -> bool:
        return bool(getattr(self._array_like(), "weak_type", False))

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64))

    def __repr__(self) -> str:
        like = self.like
        if like is None:
            return f"Zero({type(self._primal).__name__})"
        return f"Zero({getattr(like.dtype, 'name', like.dtype)}{list(like.shape)})"

    # --- What a number must never be asked ----------------------------------------------------------------------------

    def __bool__(self) -> bool:
        raise TypeError("a zero tangent has no truth value: test the primal instead")

    def __eq__(self, other: object) -> bool:
        raise TypeError("a zero tangent cannot be compared: compare the primals instead")

    def __ne__(self, other: object) -> bool:
        raise TypeError("a zero tangent cannot be compared: compare the primals instead")

    def __hash__(self) -> int:
        raise TypeError("a zero tangent is unhashable: it must not become a static argument")

    # --- Arithmetic ---------------------------------------------------------------------------------------------------

    def __or__(self, other: Any) -> Zero:
        """`mask | other`: bits have no tangent, and dicts of tangents are dicts."""
        return self

    def __ror__(self, other: Any) -> Zero:
        return self

    def __neg__(self) -> Zero:
        return self

    def __pos__(self) -> Zero:
        return self

    def __add__(self, other: Any) -> Any:
        return _sum(self, other, reflected=False)

    def __radd__(self, other: Any) -> Any:
        return _sum(self, other, reflected=True)

    def __sub__(self, other: Any) -> Any:
        return -total if not isinstance(total := _sum(self, other, reflected=False), Zero) else total

    def __rsub__(self, other: Any) -> Any:
        return _sum(self, other, reflected=True)

    def __mul__(self, other: Any) -> Any:
        if self.__is_sequence() and isinstance(other, int):
            return list(self) * other
        return Zero.of(_joint, self, other)

    def __rmul__(self, other: Any) -> Any:
        return self.__mul__(other)

    def __truediv__(self, other: Any) -> Zero:
        return Zero.of(operator.truediv, self, other)

    def __matmul__(self, other: Any) -> Zero:
        return Zero.of(operator.matmul, self, other)

    def __rmatmul__(self, other: Any) -> Zero:
        return Zero.of(operator.matmul, other, self)

    # --- Parts --------------------------------------------------------------------------------------------------------

    def __is_sequence(self) -> bool:
        return isinstance(self._primal, list | tuple)

    def __is_value(self) -> bool:
        """Whether the primal is at hand and no array, so that parts of it are parts of the primal."""
        return self._primal is not _UNKNOWN and self.like is None

    def __getitem__(self, index: Any) -> Any:
        if self.__is_value():
            return zero(self._primal[index])
        return Zero.of(operator.getitem, self, index)

    def __len__(self) -> int:
        if self.__is_value():
            return len(self._primal)
        if not self.shape:
            raise TypeError("len() of the zero tangent of a scalar")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        if not self.__is_value():
            return iter([Zero.of(operator.getitem, self, i) for i in range(len(self))])
        if isinstance(self._primal, Mapping):
            return iter(self._primal)
        if isinstance(self._primal, Iterator):
            raise TypeError("the zero tangent of an iterator would consume it: make a list of the primal first")
        return iter([zero(item) for item in self._primal])

    def __contains__(self, item: object) -> bool:
        if self.__is_value() and isinstance(self._primal, Mapping):
            return item in self._primal
        raise TypeError("a zero tangent cannot be searched: search the primal instead")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if self.__is_value():
            return _part_of_value(self._primal, name)
        if name in LINEAR_PROPERTIES:
            return Zero.of(operator.attrgetter(name), self)
        if name in _LINEAR_METHODS:
            return lambda *args, **kwargs: Zero.of(lambda like: getattr(like, name)(*args, **kwargs), self)
        if name == "dot":
            return lambda other, **kwargs: Zero.of(lambda a, b: jnp.dot(a, b, **kwargs), self, other)
        if name == "at":
            return _At(self)
        if callable(getattr(jax.Array, name, None)):
            return _Method(self, name)
        raise AttributeError(f"the zero tangent of an array has no attribute {name!r}: it is not linear")


class _At:
    """`x_dot.at[index].set(values_dot)` and its kin, where `x_dot` is a Zero."""

    def __init__(self, base: Zero, index: Any = _UNKNOWN) -> None:
        self._base, self._index = base, index

    def __getitem__(self, index: Any) -> _At:
        return _At(self._base, index)

    def get(self, **kwargs: Any) -> Zero:
        return Zero.of(lambda like: like.at[self._index].get(**kwargs), self._base)

    def _stored(self, method: str, values: Any, kwargs: Mapping[str, Any]) -> Any:
        if isinstance(values, Zero):
            return self._base
        return getattr(materialise_leaf(self._base).at[self._index], method)(values, **kwargs)

    def set(self, values: Any, **kwargs: Any) -> Any:
        return self._stored("set", values, kwargs)

    def add(self, values: Any, **kwargs: Any) -> Any:
        return self._stored("add", values, kwargs)

    def subtract(self, values: Any, **kwargs: Any) -> Any:
        return self._stored("subtract", values, kwargs)

    def multiply(self, values: Any, **kwargs: Any) -> Zero:
        return self._base

    mul = multiply

    def divide(self, values: Any, **kwargs: Any) -> Zero:
        return self._base


class _Method:
    """The tangent of a bound method that is not linear, as in `reduce, reduce_dot = x.max, x_dot.max`."""

    def __init__(self, owner: Zero, name: str) -> None:
        self.__self__, self._name = owner, name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(f"`{self._name}` of a zero tangent is not linear: it cannot be called")


def _part_of_value(primal: Any, name: str) -> Any:
    """An attribute of the tangent of a value that is no array: fields are zeros, methods return zeros."""
    if isinstance(primal, Mapping) and name in ("keys", "items", "values", "get", "copy"):
        if name == "keys":
            return primal.keys
        if name == "items":
            return lambda: {key: zero(value) for key, value in primal.items()}.items()
        if name == "values":
            return lambda: [zero(value) for value in primal.values()]
        if name == "copy":  # a FrozenDict's takes more entries
            return lambda *more: {key: zero(value) for key, value in primal.items()} | dict(*more)
        return lambda key, default=None: zero(primal[key]) if key in primal else default
    if isinstance(primal, nn.Module):
        return _part_of_module(primal, name)
    if isinstance(primal, Variable):
        from jvpgen.runtime.variables import ShadowVariable

        return getattr(ShadowVariable(primal), name)
    part = getattr(primal, name)
    if callable(part) and hasattr(part, "__self__"):
        return functools.partial(_zero_of_call, part)
    return zero(part)


def _part_of_module(module: nn.Module, name: str) -> Any:
    """What `setup` has stored in a module may move, though the module itself has no tangent."""
    from jvpgen.runtime.structures import attribute

    return attribute(module, name)[1]


def _zero_of_call(method: Any, *args: Any, **kwargs: Any) -> Any:
    """What a method of a value that does not move returns; raises if it is given what moves."""
    if not all(is_zero(value) or not _is_tangent(value) for value in (*args, *kwargs.values())):
        raise LostTangent(f"{getattr(method, '__qualname__', method)} of a value without a tangent gets one that moves")
    return zero(method(*args, **kwargs))


def _is_tangent(value: Any) -> bool:
    return any(isinstance(leaf, jax.Array) and is_inexact(leaf) for leaf in jax.tree.leaves(value))


# --- Shapes and dtypes ------------------------------------------------------------------------------------------------


def like_of(value: Any) -> Like | None:
    """Shape, dtype and weak type of an array, a Python number or a ShapeDtypeStruct; None for anything else."""
    if isinstance(value, jax.ShapeDtypeStruct):
        return value
    if isinstance(value, Zero):
        return value.like
    if isinstance(value, list | tuple | dict | str | type(None)):
        return None
    try:
        return jax.typeof(value)  # type: ignore[no-any-return]
    except TypeError:
        if isinstance(getattr(value, "shape", None), tuple) and hasattr(value, "dtype"):  # an abstract array
            return value  # type: ignore[no-any-return]
        return None


def _settle(wanted: Zero) -> None:
    """Finds what `wanted` is like. Chains of lazy zeros can be long, hence no recursion."""
    stack = [wanted]
    while stack:
        top = stack[-1]
        if top._like is not _UNKNOWN:
            stack.pop()
        elif top._operation is None:
            top._like = like_of(top._primal)
        elif waiting := [arg for arg in top._args if isinstance(arg, Zero) and arg._like is _UNKNOWN]:
            stack.extend(waiting)
        else:
            top._like = _outcome(top._operation, top._args)
            top._operation, top._args = None, ()


def _outcome(operation: Callable[..., Any], args: tuple[Any, ...]) -> Like | None:
    if operation is _joint:
        return _joint(*args)
    if not args:
        return like_of(operation())
    places = [i for i, arg in enumerate(args) if isinstance(arg, Zero)]

    def call(*likes: Any) -> Any:
        filled = list(args)
        for place, like in zip(places, likes, strict=True):
            filled[place] = like
        return operation(*filled)

    return like_of(jax.eval_shape(call, *(_struct(args[i].like) for i in places)))


def _struct(like: Like) -> jax.ShapeDtypeStruct:
    return _shaped(like.shape, like.dtype, getattr(like, "weak_type", False))


def _joint(*values: Any) -> jax.ShapeDtypeStruct:
    """What an elementwise sum or product of the values is like."""
    likes = [like for value in values if (like := like_of(value)) is not None]
    if len(likes) < len(values):
        raise TypeError(f"no arithmetic between a zero tangent and {[type(value).__name__ for value in values]}")
    shape = np.broadcast_shapes(*(like.shape for like in likes))
    strong = [_category(like.dtype) for like in likes if not getattr(like, "weak_type", False)]
    weak = not strong or max(_category(like.dtype) for like in likes) > max(strong)
    return _shaped(shape, joint_dtype(*likes), weak)


def _shaped(shape: tuple[int, ...], dtype: Any, weak: bool) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(shape, dtype, weak_type=weak)  # type: ignore[no-untyped-call]


def _category(dtype: Any) -> int:
    """Booleans, integers, floats, complex numbers, as JAX's promotion orders them."""
    kinds = (jnp.bool_, jnp.integer, jnp.floating, jnp.complexfloating)
    return next((i for i, kind in enumerate(kinds) if jnp.issubdtype(dtype, kind)), len(kinds))


_WEAK_EXAMPLE = {"b": False, "i": 0, "u": 0, "f": 0.0, "c": 0j}


def joint_dtype(*likes: Like) -> Any:
    """The dtype to which JAX promotes values of these kinds; weakly typed ones give way."""
    first = likes[0]
    if all(like.dtype == first.dtype for like in likes):
        return first.dtype
    if all(getattr(like, "weak_type", False) for like in likes):
        return jnp.result_type(*(like.dtype for like in likes))
    return jnp.result_type(
        *(
            _WEAK_EXAMPLE.get(np.dtype(like.dtype).kind, 0.0) if getattr(like, "weak_type", False) else like.dtype
            for like in likes
        )
    )


def _sum(nothing: Zero, other: Any, *, reflected: bool) -> Any:
    """`nothing + other`: the other one, with the shape and dtype of the sum."""
    if isinstance(other, list | tuple):
        parts: Any = type(other)(nothing)
        return other + parts if reflected else parts + other
    if isinstance(other, Zero):
        if other._primal is nothing._primal and nothing._primal is not _UNKNOWN:
            return nothing
        return Zero.of(_joint, nothing, other)
    theirs = like_of(other)
    if theirs is None:
        return NotImplemented
    if type(other) in (int, float, complex) and other == 0:  # the start of sum()
        return Zero.of(_joint, nothing, other)
    return spread(other, theirs, nothing._array_like())


def spread(array: Any, theirs: Like, other: Like) -> Any:
    """`array` broadcast and promoted as if a zero that is like `other` had been added."""
    shape = theirs.shape if theirs.shape == other.shape else np.broadcast_shapes(theirs.shape, other.shape)
    dtype = joint_dtype(theirs, other)
    if dtype != theirs.dtype or not isinstance(array, jax.Array):
        array = jnp.asarray(array, dtype)
    return jnp.broadcast_to(array, shape) if shape != theirs.shape else array


# --- Making and unmaking zeros ----------------------------------------------------------------------------------------


def zero(value: Any) -> Any:
    """The zero tangent of any value: containers are mapped, None stays None, every leaf becomes a Zero."""
    kind = type(value)
    if value is None:
        return None
    if kind is list:
        return [zero(item) for item in value]
    if kind is tuple:
        return tuple([zero(item) for item in value])
    if kind is dict:
        return {key: zero(item) for key, item in value.items()}
    if kind is collections.defaultdict:
        return collections.defaultdict(value.default_factory, {key: zero(item) for key, item in value.items()})
    if kind is collections.OrderedDict:
        return collections.OrderedDict((key, zero(item)) for key, item in value.items())
    if kind is collections.deque:
        return collections.deque((zero(item) for item in value), value.maxlen)
    from jvpgen.runtime.objects import zero_object

    record = zero_object(value)
    return Zero(value) if record is None else record


def is_zero(tangent: Any) -> bool:
    """Whether nothing in the tangent moves: None, Zeros, and containers of them."""
    if tangent is None or isinstance(tangent, Zero):
        return True
    if isinstance(tangent, dict):
        return all(is_zero(item) for item in tangent.values())
    if isinstance(tangent, list | tuple):
        return all(is_zero(item) for item in tangent)
    all_zero = getattr(type(tangent), "all_zero", None)  # Record and Pair answer for themselves
    return bool(all_zero(tangent)) if all_zero is not None else False


def is_inexact(value: Any) -> bool:
    like = like_of(value)
    return like is not None and jnp.issubdtype(like.dtype, jnp.inexact)


def materialise_leaf(primal: Any) -> Any:
    """Zeros with the primal's shape and dtype; float0 where the primal carries no derivative."""
    like = like_of(primal)
    if like is None:
        return np.zeros((), jax.dtypes.float0)
    if not jnp.issubdtype(like.dtype, jnp.inexact):
        return np.zeros(like.shape, jax.dtypes.float0)
    if isinstance(primal, jax.Array):
        return jnp.zeros_like(primal)  # follows the primal's sharding
    return jnp.zeros(like.shape, like.dtype)


def instantiate(tangent: Any, primal: Any) -> Any:
    """A tangent leaf as an array: a Zero or None becomes zeros like the primal."""
    return materialise_leaf(primal) if tangent is None or isinstance(tangent, Zero) else tangent
