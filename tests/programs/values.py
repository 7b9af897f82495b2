"""Straight lines: expressions of known shapes, out of templates whose holes are filled with smaller ones."""

from __future__ import annotations

import re

from tests.programs.writer import Form, Kind, Writer

_HOLE = re.compile(r"\{(scalar|row|rows|flag)\}")

_SCALARS = """
{row}.sum() | {row}[1] | {row}.mean() * 0.5 | jnp.sin({scalar}) | {scalar} * {scalar} | {scalar} + 0.3
jnp.dot({row}, {row}) | {rows}.max() | {rows}[0, 2]
jnp.tanh({scalar}) | {scalar} - {scalar} | jnp.linalg.norm({row})
jax.nn.logsumexp({row}) | jnp.var({row}) | {scalar} if {flag} else {scalar} | jnp.prod({row}) | jnp.vdot({row}, {row})
jnp.minimum({scalar}, {row}.min())
"""
_ROWS_OF_THREE = """
{row} + {row} | {row} * 0.5 | jnp.tanh({row}) | {row} * {row}
jnp.sin({row}) | {row} - {row} | {rows}[1] | {row} * {scalar}
{rows}.mean(0) | jnp.where({row} > 0.1, {row}, {row} * 0.5)
jnp.maximum({row}, {row}) | jax.nn.softmax({row}) | -{row}
{row}[::-1] | {row}.at[1].set({scalar}) | jnp.cumsum({row})
nn.gelu({row}) | {row} / (1.0 + {row} ** 2) | nn.relu({row})
jnp.einsum("bi,i->i", {rows}, {row}) | jnp.stack([{scalar}, {scalar}, {scalar}]) | {row} ** 2 | jnp.abs({row})
jnp.concatenate([{row}[:1], {row}[1:]]) | lax.stop_gradient({row}) + {row}
{row} if {flag} else {row} | jnp.sort({row})
jnp.exp(-jnp.abs({row})) | jnp.roll({row}, 1) | jnp.outer({row}, {row}).mean(1) | {rows}.T @ {rows}[:, 0]
jnp.clip({row}, -0.8, 0.9) | nn.silu({row}) | jnp.full(3, {scalar}) | jnp.sqrt(1.0 + {row} ** 2) | {row}.astype(D)
jnp.take({row}, jnp.array([2, 0, 1])) | {row}.reshape(3, 1)[:, 0]
jnp.add({row}, {scalar}) | {row}[jnp.argsort({row})]
"""
_MATRICES = """
{rows} + {row} | {rows} * {row} | jnp.tanh({rows}) | {rows} * 0.5 | {rows} - {rows} | jnp.stack([{row}, {row}])
{rows} * {scalar} | {rows}[::-1]
{rows} @ jnp.outer({row}, {row}) | {rows}.at[0].add({row}) | nn.softmax({rows}, axis=-1)
jnp.sin({rows}) | {rows} - {rows}.mean(0, keepdims=True)
jnp.where({rows} > {scalar}, {rows}, {row}) | {rows}.T.reshape(2, 3)
jnp.broadcast_to({row}, (2, 3)) | jnp.cumsum({rows}, axis=1)
{rows} if {flag} else {rows} | jnp.swapaxes({rows}, 0, 1).T
jnp.pad({rows}[:, 1:], ((0, 0), (1, 0)))
jnp.concatenate([{rows}[:1], {rows}[:1]], axis=0) | {rows} / (1 + {rows} ** 2)
nn.LayerNorm(use_scale=False, use_bias=False, dtype=D, parent=None).apply({{}}, {rows})
"""
_CONSTANTS: dict[str, list[str]] = {
    "scalar": ["0.7", "jnp.asarray(0.4, D)"],
    "row": ["jnp.ones(3, D)", "jnp.array([0.2, -0.5, 0.9], D)"],
    "rows": ["jnp.ones((2, 3), D)", "jnp.array([[0.2, -0.5, 0.9], [-0.1, 0.6, 0.3]], D)"],
}
_FROM_OTHERS: dict[str, list[tuple[Kind, str]]] = {
    "scalar": [("row", "{}[0]"), ("rows", "{}.mean()")],
    "row": [("rows", "{}[0]"), ("rows", "{}.mean(0)")],
    "rows": [("row", "jnp.stack([{0}, {0} * 2])")],
}


def _split(table: str) -> list[str]:
    return [part.strip() for part in table.replace("\n", "|").split("|") if part.strip()]


_TEMPLATES = {"scalar": _split(_SCALARS), "row": _split(_ROWS_OF_THREE), "rows": _split(_MATRICES)}


def scalar(writer: Writer, size: int = 2) -> str:
    return value(writer, "scalar", size)


def row(writer: Writer, size: int = 2) -> str:
    return value(writer, "row", size)


def rows(writer: Writer, size: int = 2) -> str:
    return value(writer, "rows", size)


def value(writer: Writer, kind: Kind, size: int = 2) -> str:
    """An expression of a kind of array; with `size` 0 a name or a constant."""
    if size > 0 and writer.pick(4) > 0:
        return _filled(writer, writer.choose(_TEMPLATES[kind]), size - 1)
    known = writer.of_kind(kind)[:5]
    for other, text in _FROM_OTHERS[kind]:
        if not known and writer.of_kind(other):
            known = [text.format(writer.of_kind(other)[0])]
    if not known or writer.chance(12):
        return writer.choose(_CONSTANTS[kind])
    return writer.choose(known)


def atom(text: str) -> str:
    """An expression that may stand anywhere in another one."""
    return text if re.fullmatch(r"[\w.]+(\[\w*\])?", text) or _is_call(text) else f"({text})"


def _is_call(text: str) -> bool:
    """Whether this is a call or a subscript of a name, from its first bracket to the last."""
    start = re.match(r"[\w.]+(?=[(\[])", text)
    level = 0
    for place in range(start.end() if start else len(text), len(text)):
        level += {"(": 1, "[": 1, ")": -1, "]": -1}.get(text[place], 0)
        if level == 0:
            return place == len(text) - 1
    return False


def row_of_all(writer: Writer) -> str:
    """A row into which the latest rows and functions go, so that little is in vain."""
    latest = [*writer.of_kind("row")[:2], *(f"sum({name})" for name in writer.of_kind("list")[:1])]
    return " + ".join([atom(row(writer)), *latest])


def rows_of_all(writer: Writer) -> str:
    latest = [*writer.of_kind("rows")[:2], *(f"{name} * 0.5" for name in writer.of_kind("row")[:1])]
    return " + ".join([atom(rows(writer)), *latest])


def flag(writer: Writer) -> str:
    """A condition that Python decides."""
    options = ["True", "len('ab') > 2"]
    if writer.room.fields:
        options += ["self.flag", "self.n > 1", "not self.flag", "self.flag and self.n == 2"]
    options += [f"{name}.ndim == 1" for name in writer.of_kind("row")[:2]]
    options += [f"{counter} == 1" for counter in writer.room.counters]
    return writer.choose(options)


def number(writer: Writer) -> str:
    """A number that Python knows."""
    options = ["2", "3.0"]
    options += [f"{name}.shape[0]" for name in writer.of_kind("rows")[:1]]
    options += ["self.n"] if writer.room.fields else []
    return writer.choose([*options, *(f"({counter} + 1)" for counter in writer.room.counters)])


def predicate(writer: Writer) -> str:
    """A condition that only the values decide."""
    return writer.choose([f"{atom(scalar(writer, 1))} > 0.2", f"jnp.any({atom(row(writer, 1))} > 0.1)"])


def _filled(writer: Writer, template: str, size: int) -> str:
    def fill(hole: re.Match[str]) -> str:
        kind = hole.group(1)
        if kind == "flag":
            return flag(writer)
        return atom(value(writer, kind, size))  # type: ignore[arg-type]

    return _HOLE.sub(fill, template).replace("{{", "{").replace("}}", "}")


# --- Statements -------------------------------------------------------------------------------------------------------


def _bind(writer: Writer) -> None:
    kind: Kind = writer.choose(["row", "rows", "scalar"])
    writer.bind(kind, value(writer, kind, 3))


def _bind_again(writer: Writer) -> None:
    kind: Kind = writer.choose(["row", "rows", "scalar"])
    known = writer.rebindable(kind)[:4]
    if not known:
        return _bind(writer)
    writer.line(f"{writer.choose(known)} {writer.choose(['=', '+=', '*=', '-='])} {value(writer, kind)}")


def _several(writer: Writer) -> None:
    first, second = writer.fresh("v"), writer.fresh("v")
    texts = f"{row(writer)}, {scalar(writer)}"
    writer.line(f"{first}, {second} = {texts}")
    writer.know("row", first)
    writer.know("scalar", second)


def _swap(writer: Writer) -> None:
    known = writer.rebindable("row")[:4]
    if len(known) < 2:
        return _bind(writer)
    writer.line(f"{known[0]}, {known[1]} = {known[1]}, {atom(row(writer, 1))} * {known[0]}")


def _chained(writer: Writer) -> None:
    first, second = writer.fresh("v"), writer.fresh("v")
    writer.line(f"{first} = {second} = {row(writer)}")
    writer.know("row", first)
    writer.know("row", second)


def _walrus(writer: Writer) -> None:
    name = writer.fresh("v")
    writer.bind("row", f"({name} := {row(writer)}) * {name} + {atom(row(writer, 1))}")
    writer.know("row", name)


def _scaled_by_number(writer: Writer) -> None:
    writer.bind("row", f"{atom(row(writer))} * {number(writer)}")


STRAIGHT = [Form(form) for form in (_bind, _bind_again, _several, _scaled_by_number, _walrus, _chained, _swap)]
