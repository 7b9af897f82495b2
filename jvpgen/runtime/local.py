"""Derivatives of functions that are known only when they are called: lambdas, functions inside others.

A function is traced back to its place in its file by its code, and only if the file still compiles to that very code.
The compiler's text is run with the function's own globals and cells, so that names bind as late as in the function.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import linecache
import os
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import flax.linen as nn
from flax.core import Scope

from jvpgen.runtime import live, missing, text_cache
from jvpgen.runtime.autogenerate import NotDerivable
from jvpgen.runtime.generated import find_body
from jvpgen.runtime.registry import Body, attach, body_of, exact_function, is_opaque
from jvpgen.runtime.user_rules import registered

if TYPE_CHECKING:
    from jvpgen.source.locating import Place

_texts: dict[tuple[Any, ...], str] = {}
_refused: dict[tuple[Any, ...], str] = {}
_homes: set[str] = set()


def derive(fn: Any, receiver: type | None = None) -> None:
    """Gives `fn` a derivative where it has none, and says so where that cannot be.

    `receiver` is the class of the module, or the type of the scope, that its first argument will be.
    """
    function = inner_function(exact_function(fn) if isinstance(fn, types.FunctionType) else fn)
    if function is None or find_body(function) is not None:
        return
    _homes.add(_home(function))
    _try(function, receiver)


def derive_followed(function: Any, args: Sequence[Any]) -> Body | None:
    """The derivative of a function that is met inside `jvp`, if it stands where a function given to `jvp` stood."""
    if not missing.is_watched() or not isinstance(function, types.FunctionType) or _home(function) not in _homes:
        return None
    if not is_opaque(function):
        _check_captured(function)
        first = args[0] if args else None
        _try(function, type(first) if isinstance(first, nn.Module | Scope) else None)
    return body_of(function)


def _check_captured(function: types.FunctionType) -> None:
    """Stops where a function captures what moves: its derivative would take that for constant."""
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        with contextlib.suppress(ValueError):  # not assigned yet
            live.check_captured(cell.cell_contents, None, function=function, name=name)


def _try(function: types.FunctionType, receiver: type | None) -> None:
    if receiver is not None and _is_method_of(receiver, function):
        return  # what is missing is said where Flax calls it, with the command that helps
    try:
        made(function, receiver)
    except NotDerivable as refused:
        missing.report(function, missing.of_function(function, str(refused)))


def inner_function(fn: Any) -> types.FunctionType | None:
    """The Python function that a call of `fn` ends in; None for a method, and for what is no function."""
    while isinstance(fn, functools.partial) or (hasattr(fn, "__wrapped__") and not isinstance(fn, types.FunctionType)):
        fn = fn.func if isinstance(fn, functools.partial) else fn.__wrapped__
    return fn if isinstance(fn, types.FunctionType) else None


def _is_method_of(kind: type, function: types.FunctionType) -> bool:
    if not issubclass(kind, nn.Module):
        return False
    return any(exact_function(value) is function for base in kind.__mro__ for value in vars(base).values())


def _home(function: types.FunctionType) -> str:
    """The folder of a function's file, of the topmost package around it."""
    path = os.path.abspath(function.__code__.co_filename)
    module = sys.modules.get(function.__module__ or "")
    depth = function.__module__.count(".") if getattr(module, "__file__", None) == path else 0
    folder = os.path.dirname(path)
    for _ in range(depth - 1 if os.path.basename(path) != "__init__.py" else depth):
        folder = os.path.dirname(folder)
    return folder


# --- From a function to text ------------------------------------------------------------------------------------------


def made(function: types.FunctionType, receiver: type | None = None) -> str:
    """Attaches the derivative of a function to it; returns the generated text.

    Raises:
      NotDerivable: where there is no source, or the compiler refuses.
    """
    code = function.__code__
    key = (code, code.co_filename, function.__module__, receiver)
    if key not in _texts:
        source = _source_of(code, function.__globals__)
        attempt = (*key, hash(source))
        if attempt in _refused:
            raise NotDerivable(_refused[attempt])
        try:
            _texts[key] = _text(function, source, receiver)
        except NotDerivable as refused:
            _refused[attempt] = str(refused)
            raise
    derivative, renamed = _run(function, _texts[key])
    attach(function, Body(derivative, function, renamed))
    return _texts[key]


def _source_of(code: types.CodeType, known: dict[str, Any]) -> str:
    linecache.checkcache(code.co_filename)
    return "".join(linecache.getlines(code.co_filename, known))


def _text(function: types.FunctionType, source: str, receiver: type | None) -> str:
    code = function.__code__
    if not source:
        raise NotDerivable("its source is not available")
    if code not in _codes_of(source, code.co_filename, code.co_flags & _FUTURE):
        raise NotDerivable("its source is not what runs: has the file changed since it was imported?")
    place = _place(code, source)
    named = "" if receiver is None else _spelled(receiver)
    key = text_cache.key_of(
        source, function.__module__ or "", f"{place!r} {named}", registered(function.__module__ or "")
    )
    cached = text_cache.read(key)
    if cached is not None:
        return cached
    text: str = _derived(source, code.co_filename, function.__module__ or "", place, named).text
    text_cache.write(key, text)
    return text


def report_of(function: types.FunctionType) -> Any:
    """What the compiler says of a function, whether or not its text is known already."""
    source = _source_of(function.__code__, function.__globals__)
    place = _place(function.__code__, source)
    return _derived(source, function.__code__.co_filename, function.__module__ or "", place, "").report


def _derived(source: str, path: str, module_name: str, place: Place, receiver: str) -> Any:
    try:
        pipeline = importlib.import_module("jvpgen.pipeline")
        return pipeline.derive_local(source, path, module_name, place, receiver, registered(module_name))
    except Exception as refused:  # NotExpressible, which is the compiler's; or it stops for a reason of its own
        reason = getattr(refused, "reason", None)
        raise NotDerivable(reason or f"{type(refused).__name__}: {refused}") from refused


def _spelled(receiver: type) -> str:
    """A class as an annotation: by its full name where the compiler can find it, else as some module."""
    if receiver.__name__ == "Scope":
        return "Scope"
    if "<" in receiver.__qualname__:
        return "flax.linen.Module"
    return f"{receiver.__module__}.{receiver.__qualname__}"


# --- The place of a function ------------------------------------------------------------------------------------------

_FUTURE = functools.reduce(
    lambda flags, name: flags | getattr(__import__("__future__"), name).compiler_flag,
    __import__("__future__").all_feature_names,
    0,
)


@functools.lru_cache(maxsize=32)
def _codes_of(source: str, filename: str, flags: int) -> frozenset[types.CodeType]:
    """The code of every function of a file."""
    try:
        whole = compile(source, filename, "exec", flags=flags, dont_inherit=True)
    except (SyntaxError, ValueError) as wrong:
        raise NotDerivable(f"its source is not what runs: {wrong}") from wrong
    return frozenset(_inside(whole))


def _inside(code: types.CodeType) -> Iterator[types.CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from _inside(constant)


def _place(code: types.CodeType, source: str) -> Place:
    from jvpgen.source.locating import Place
    from jvpgen.source.positions import Position

    lines = source.splitlines()

    def characters(line: int, offset: int) -> int:
        return len(lines[line - 1].encode()[:offset].decode(errors="replace"))

    found = [
        (line, characters(line, column), end, characters(end, end_column))
        for line, end, column, end_column in code.co_positions()
        if line and end and column is not None and end_column is not None and (line, column) != (end, end_column)
    ]
    if not found:
        raise NotDerivable("its code does not say where it stands")
    start, finish = min(item[:2] for item in found), max(item[2:] for item in found)
    return Place(code.co_name, code.co_firstlineno, Position(*start, *finish), frozenset(code.co_freevars))


# --- From text to a function ------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=256)
def _compiled(text: str, filename: str) -> types.CodeType:
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)  # for tracebacks
    return compile(text, filename, "exec", dont_inherit=True)


def _run(function: types.FunctionType, text: str) -> tuple[Callable[..., Any], dict[str, str]]:
    """The derivative with the globals, the cells and the defaults of the function."""
    code = function.__code__
    filename = f"<{function.__module__}_jvp:{function.__qualname__}:{code.co_firstlineno}>"
    namespace: dict[str, Any] = {}
    exec(_compiled(text, filename), function.__globals__, namespace)
    outline, renamed = namespace["_closure"](**dict.fromkeys(code.co_freevars))
    own = dict(zip(code.co_freevars, function.__closure__ or (), strict=True))
    inner = zip(outline.__code__.co_freevars, outline.__closure__ or (), strict=True)
    cells = tuple(own.get(name, cell) for name, cell in inner)
    derivative = types.FunctionType(outline.__code__, function.__globals__, outline.__name__, None, cells)
    derivative.__defaults__ = _defaults(outline, function)
    derivative.__kwdefaults__ = {**(outline.__kwdefaults__ or {}), **(function.__kwdefaults__ or {})}
    return derivative, renamed


def _defaults(outline: Any, function: types.FunctionType) -> tuple[Any, ...] | None:
    """The defaults of positional parameters: the function's own, and None for tangents."""
    own = function.__defaults__ or ()
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    values = dict(zip(names[len(names) - len(own) :], own, strict=True))
    count = len(outline.__defaults__ or ())
    code = outline.__code__
    with_default = code.co_varnames[code.co_argcount - count : code.co_argcount]
    return tuple(values.get(name) for name in with_default) or None
