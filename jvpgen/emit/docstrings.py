"""The docstring of a public function: what is active, what the module itself declares, its children by name."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from jvpgen.ir.declarations import Declarations, DeclaredVariable


def of_method(
    label: str,
    active: Iterable[str],
    only: Iterable[str] | None,
    renamed: Iterable[str],
    declarations: Declarations,
    line_length: int,
) -> str:
    """The docstring of `CNN_jvp`, quotes included; `active` are the arguments that may carry a tangent.

    `renamed` are those of the function's own arguments whose names the user's arguments have.
    """
    arguments = [f"`{name}`" for name in active]
    variables = ["the variables"] if only is None else [f"`{pattern}`" for pattern in only]
    moving = _enumerated([*variables, *arguments])
    summary = f"`{label}` and its derivative along the tangents of {moving}."
    returns = "Returns `(y, y_dot)`; with mutable collections `(y, y_dot, updates)`."
    lines = [*_wrapped(summary, line_length - 3), "", *_wrapped(returns, line_length)]
    lines += _about_names(list(renamed), line_length)
    table = [*_variables(declarations), *_children(declarations)]
    if table:
        lines += ["", *_aligned(table, line_length)]
    return _quoted(lines)


def _about_names(renamed: list[str], line_length: int) -> list[str]:
    """What the names that end with an underscore are, for want of their usual ones."""
    if not renamed:
        return []
    taken = _enumerated([f"`{name}`" for name in renamed])
    spelled = _enumerated([f"`{name}_`" for name in renamed])
    theirs = f"{taken} is an argument" if len(renamed) == 1 else f"{taken} are arguments"
    return ["", *_wrapped(f"{theirs} of the method itself; what is usually called so is {spelled}.", line_length)]


def _enumerated(items: list[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def of_function(name: str, active: Sequence[str], line_length: int) -> str:
    """The docstring of `f_jvp`, quotes included."""
    arguments = _enumerated([f"`{argument}`" for argument in active]) if active else "no argument"
    summary = f"`{name}` and its derivative along the tangents of {arguments}; returns `(y, y_dot)`."
    return _quoted(_wrapped(summary, line_length - 3))


def of_scope_function(name: str, active: Sequence[str], only: Iterable[str] | None, line_length: int) -> str:
    """The docstring of the public function of a function of a scope, quotes included."""
    variables = ["the variables"] if only is None else [f"`{pattern}`" for pattern in only]
    moving = _enumerated([*variables, *(f"`{argument}`" for argument in active)])
    summary = f"`{name}` and its derivative along the tangents of {moving}; returns `(y, y_dot)`."
    return _quoted(_wrapped(summary, line_length - 3))


def _wrapped(text: str, line_length: int) -> list[str]:
    return textwrap.wrap(text, line_length - 4, break_long_words=False, break_on_hyphens=False)


def _variables(declarations: Declarations) -> list[tuple[str, str]]:
    """The module's own variables: `params: scale` and the shape as the source gives it."""
    return [
        (f"{collection}/{item.path}", _about(item))
        for collection, items in declarations.collections().items()
        for item in items
        if "/" not in item.path
    ]


def _about(item: DeclaredVariable) -> str:
    shape = f"shape {item.shape}" if item.shape is not None else item.how
    return f"{shape}, optional" if item.optional else shape


def _children(declarations: Declarations) -> list[tuple[str, str]]:
    return [(item.name, item.kind + (", optional" if item.optional else "")) for item in declarations.submodules]


def _aligned(rows: list[tuple[str, str]], line_length: int) -> list[str]:
    """Two columns; a row that is too long is cut."""
    width = max(len(name) for name, _ in rows)
    made = [f"    {name.ljust(width)}  {' '.join(about.split())}".rstrip() for name, about in rows]
    room = line_length - 4
    return [line if len(line) <= room else line[: room - 4].rstrip() + " ..." for line in made]


def _quoted(lines: list[str]) -> str:
    """The lines as a docstring at one level of indentation."""
    if len(lines) == 1 and len(lines[0]) <= 78:
        return f'"""{lines[0]}"""'
    text = [lines[0], *(f"    {line}".rstrip() for line in lines[1:]), '    """']
    return '"""' + "\n".join(text).replace("\\", "\\\\")
