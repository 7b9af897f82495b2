"""Which attributes the code of a function reads and stores, of `self` and of other values, told by its bytecode."""

from __future__ import annotations

import dis
import functools
import itertools
import types
from collections.abc import Iterator, Sequence

_STATIC = frozenset(
    "shape dtype ndim size sharding itemsize nbytes weak_type aval name parent scope path variables at T".split()
)


# --- Attributes of self -----------------------------------------------------------------------------------------------


@functools.cache
def attributes_of_self(code: types.CodeType) -> frozenset[str]:
    """The attributes of `self` that the code may read or store, except those that it asks for with their tangents,
    `pushforward(getattr, (m, "w"), …)`."""
    steps, found = _instructions(code), set[str]()
    for place, step in enumerate(steps):
        if step.opname in _OF_ATTRIBUTES and _may_be_of_self(steps, place):
            found.add(str(step.argval))
        elif step.opname == "LOAD_CONST":
            found.update(_texts(steps, place))
    return frozenset(found.union(*map(attributes_of_self, _inside(code))))


def _may_be_of_self(steps: Sequence[dis.Instruction], place: int) -> bool:
    """Whether an attribute is one of a local value, which may be the module, and of no part of one: `self.inner.w`."""
    chain, _ = _operand(steps[:place])
    return not _is_of_global(steps, place) and (len(chain) < 2 or "parent" in chain)


def _texts(steps: Sequence[dis.Instruction], place: int) -> Iterator[str]:
    """A text, or texts, that may be names: `getattr(self, "name")`, `for name in ("a", "b")`."""
    value, after = steps[place].argval, steps[place + 1 : place + 2]
    if isinstance(value, str) and not _is_asked_for(steps, place):
        yield value
    elif isinstance(value, tuple) and not any(step.opname in ("CALL_KW", "BUILD_CONST_KEY_MAP") for step in after):
        yield from (item for item in value if isinstance(item, str))


_OF_ATTRIBUTES = frozenset(
    ("LOAD_ATTR", "LOAD_METHOD", "STORE_ATTR", "DELETE_ATTR", "LOAD_SUPER_ATTR", "LOAD_SUPER_METHOD")
)


def _is_asked_for(steps: Sequence[dis.Instruction], place: int) -> bool:
    """Whether a text is the name in `pushforward(getattr, (m, "name"), …)`."""
    after = steps[place + 1 : place + 2]
    if not after or after[0].opname != "BUILD_TUPLE" or after[0].argval != 2:
        return False
    chain, start = _operand(steps[:place])
    before = steps[start - 1 : start] if start else ()
    asks = any(
        step.opname == "LOAD_GLOBAL" and step.argval == "getattr" and "NULL" not in step.argrepr for step in before
    )
    return bool(chain) and asks


@functools.cache
def values_read(code: types.CodeType) -> frozenset[str]:
    """Attributes of whatever is no global, of which the code may read more than the shape, or whether there are any;
    those left out that it asks for with their tangents."""
    steps = _instructions(code)
    found = {name for _, name, after in _reads(code) if not _asks_for_static(after) and "_NONE" not in after.opname}
    for place, step in enumerate(steps):
        if step.opname == "LOAD_CONST":
            found.update(_texts(steps, place))
    return frozenset(found.union(*map(values_read, _inside(code))))


@functools.cache
def stored_attributes(code: types.CodeType) -> frozenset[str]:
    """The attributes that the code stores, of whatever."""
    return frozenset(step.argval for step in dis.get_instructions(code) if step.opname == "STORE_ATTR")


# --- Attributes of other values ---------------------------------------------------------------------------------------


@functools.cache
def plain_reads(code: types.CodeType, self_name: str | None = None) -> frozenset[str]:
    """Attributes that the code reads of something that is neither `self` nor global, and not of tangents as well.

    A method that is called at once is no attribute, and of one whose shape is read at once only the shape counts.
    """
    if self_name is None:
        self_name = code.co_varnames[0] if code.co_argcount else ""
    found, of_tangents = set[str](), set[str]()
    for chain, name, after in _reads(code):
        if any(owner.endswith("_dot") for owner in chain) or name.endswith("_dot"):
            of_tangents.add(name.removesuffix("_dot"))
        elif chain != (self_name,) and not _is_static(name) and not _asks_for_static(after):
            found.add(name)
    return frozenset(found.union(*(plain_reads(item, self_name) for item in _inside(code))) - of_tangents)


def _reads(code: types.CodeType) -> Iterator[tuple[tuple[str, ...], str, dis.Instruction]]:
    """The reads of attributes, each with the names that lead to what it is read of, and with what is done next.

    Those of something global are left out, and those of a method that is called at once.
    """
    steps = _instructions(code)
    for place, step in enumerate(steps[:-1]):
        if step.opname == "LOAD_ATTR" and "NULL" not in step.argrepr and not _is_of_global(steps, place):
            yield _operand(steps[:place])[0], str(step.argval), steps[place + 1]


def _instructions(code: types.CodeType) -> list[dis.Instruction]:
    """The instructions that do something."""
    return [step for step in dis.get_instructions(code) if step.opname not in ("CACHE", "EXTENDED_ARG", "NOP")]


def _is_of_global(steps: Sequence[dis.Instruction], place: int) -> bool:
    """Whether the attribute that is read at a place is one of something global, as in `jnp.linalg.norm`."""
    return _operand(steps[:place])[0][:1] == (_GLOBAL,)


_GLOBAL = "(global)"


def _operand(steps: Sequence[dis.Instruction]) -> tuple[tuple[str, ...], int]:
    """The names in the last operand that the steps leave, outermost first (`self`, `layers` for `self.layers[0]`), and
    the place where it begins."""
    names: list[str] = []
    missing = 1
    begin = len(steps)
    for step in reversed(steps):
        begin -= 1
        if step.opname == "LOAD_ATTR":
            names.append(str(step.argval))
        elif step.opname == "BINARY_SUBSCR" or step.argrepr == "[]":
            missing += 1
        elif step.opname.startswith("LOAD_"):
            missing -= 1
            names.append(_GLOBAL if step.opname in ("LOAD_GLOBAL", "LOAD_NAME") else _name(step))
        else:
            break
        if not missing:
            break
    return tuple(reversed(names)), begin


def _name(step: dis.Instruction) -> str:
    return str(step.argval[-1] if isinstance(step.argval, tuple) else step.argval)


def _is_static(name: str) -> bool:
    return name in _STATIC or name.startswith("__")


def _asks_for_static(after: dis.Instruction) -> bool:
    return after.opname in ("LOAD_ATTR", "LOAD_METHOD") and _is_static(str(after.argval))


def _inside(code: types.CodeType) -> list[types.CodeType]:
    """The code of the functions inside, those left out beside which their derivative stands: `@body(function)`."""
    found = [item for item in code.co_consts if isinstance(item, types.CodeType)]
    names = {item.co_name for item in found}
    beside = {
        _name(after)
        for step, after in itertools.pairwise(_instructions(code) if "_" in names or len(names) > 1 else ())
        if step.opname == "LOAD_GLOBAL" and str(step.argval).rstrip("_") == "body" and after.opname in _OF_LOCALS
    }
    derived = {name for name in beside if "_" in names or any(other.startswith(f"{name}_jvp") for other in names)}
    return [item for item in found if item.co_name not in derived]


_OF_LOCALS = frozenset(("LOAD_FAST", "LOAD_DEREF", "LOAD_FAST_BORROW", "LOAD_FAST_CHECK"))
