"""Python's statements: loops, branches, blocks, early returns, lists and dicts under change, comprehensions."""

from __future__ import annotations

from tests.programs.values import atom, flag, row, rows, scalar
from tests.programs.writer import Form, Writer


def _accumulated(writer: Writer) -> str:
    """A row that the block to come may change."""
    return writer.bind("row", row(writer))


def _change(writer: Writer, name: str) -> None:
    writer.line(f"{name} {writer.choose(['+=', '=', '*='])} {row(writer)}")


def _for_range(writer: Writer) -> None:
    name, counter = _accumulated(writer), writer.fresh("i")
    count = writer.choose(["2", "self.n", "1, 3"]) if writer.room.fields else "2"
    with writer.block(f"for {counter} in range({count}):", counters=(*writer.room.counters, counter)):
        writer.statements(2)
        _change(writer, name)


def _for_items(writer: Writer) -> None:
    name, counter, item = _accumulated(writer), writer.fresh("i"), writer.fresh("e")
    listed = writer.of_kind("list")
    several = writer.choose([*listed, f"[{row(writer)}, {row(writer, 1)}]", rows(writer, 1)])
    header = f"for {counter}, {item} in enumerate({several}):"
    with writer.block(header, counters=(*writer.room.counters, counter)):
        writer.know("row", item)
        writer.statements(2)
        _change(writer, name)


def _for_zip(writer: Writer) -> None:
    name, counter, one, two = _accumulated(writer), *map(writer.fresh, "iee")
    lists = f"[{row(writer)}, {row(writer, 1)}], ({scalar(writer)}, {scalar(writer, 1)})"
    header = f"for {counter}, {one}, {two} in zip((0, 1), {lists}):"
    with writer.block(header, counters=(*writer.room.counters, counter)):
        writer.know("row", one)
        writer.know("scalar", two)
        writer.statements(1)
        _change(writer, name)


def _for_else(writer: Writer) -> None:
    name, counter = _accumulated(writer), writer.fresh("i")
    leave = writer.choose(["break", "continue"])
    with writer.block(f"for {counter} in range(3):", counters=(*writer.room.counters, counter)):
        with writer.block(f"if {flag(writer)}:"):
            _change(writer, name)
            writer.line(leave)
        _change(writer, name)
    with writer.block("else:"):
        _change(writer, name)


def _while(writer: Writer) -> None:
    name, counter = _accumulated(writer), writer.fresh("k")
    writer.line(f"{counter} = 0")
    with writer.block(f"while {counter} < 2:", counters=(*writer.room.counters, counter)):
        writer.statements(2)
        _change(writer, name)
        writer.line(f"{counter} += 1")


def _if(writer: Writer) -> None:
    name = _accumulated(writer)
    with writer.block(f"if {flag(writer)}:"):
        writer.statements(2)
        _change(writer, name)
    if writer.chance(3):
        with writer.block(f"elif {flag(writer)}:"):
            _change(writer, name)
    if writer.chance(2):
        with writer.block("else:"):
            writer.statements(1)
            _change(writer, name)


def _early_return(writer: Writer) -> None:
    with writer.block(f"if {flag(writer)}:"):
        if writer.chance(2):
            writer.statements(1)
        writer.line(f"return {writer.result(writer)}")


def _with(writer: Writer) -> None:
    name = _accumulated(writer)
    with writer.block('with jax.named_scope("part"):'):
        writer.statements(2)
        _change(writer, name)


def _try(writer: Writer) -> None:
    name = _accumulated(writer)
    with writer.block("try:"):
        writer.statements(1)
        _change(writer, name)
    with writer.block("except ValueError:"):
        _change(writer, name)
    if writer.chance(2):
        with writer.block("finally:"):
            _change(writer, name)


# --- Containers -------------------------------------------------------------------------------------------------------


def _new_list(writer: Writer) -> None:
    source = writer.choose(["display", "loop", "sum"])
    if source == "loop":
        writer.bind("list", f"[e * {atom(row(writer))} for e in {atom(rows(writer, 1))}]", "items")
    elif source == "sum":
        writer.bind("list", f"[{row(writer)}] + [{row(writer, 1)}] * 2", "items")
    else:
        writer.bind("list", f"[{row(writer)}, {row(writer)}]", "items")


def _change_list(writer: Writer) -> None:
    if not writer.rebindable("list"):
        return _new_list(writer)
    name = writer.choose(writer.rebindable("list"))
    changes = [
        f"{name}.append({row(writer)})",
        f"{name}[0] = {row(writer)}",
        f"{name}[-1] *= {row(writer)}",
        f"{name}.extend([{row(writer)}, {name}[0]])",
        f"{name} += [{row(writer)}]",
        f"{name}.insert(1, {row(writer)})",
        f"{name}[0], {name}[1] = {name}[1], {row(writer)}",
        f"{name} = [{row(writer)}, *{name}]",
        f"{name}.reverse()",
        f"{name}[:1] = [{row(writer)}]",
    ]
    writer.line(writer.choose(changes))


def _read_list(writer: Writer) -> None:
    if not writer.of_kind("list"):
        return _new_list(writer)
    name = writer.choose(writer.of_kind("list"))
    reads = [
        f"sum({name})",
        f"{name}[-1] * {name}[0]",
        f"jnp.stack({name}).mean(0)",
        f"sum(e * {atom(scalar(writer))} for e in {name})",
        f"sum([e * k for k, e in enumerate({name}) if k != 1])",
        f"functools.reduce(lambda a, b: a * {atom(row(writer, 1))} + b, {name})",
        f"jnp.concatenate([e[:1] for e in {name}[:2]] + [{atom(row(writer, 1))}[:1]])",
        f"[*reversed({name})][0]",
        f"max({name}, key=len)",
    ]
    if writer.chance(2):
        first, others = writer.fresh("v"), writer.fresh("rest")
        writer.line(f"{first}, *{others} = {name}")
        writer.know("row", first)
        writer.bind("row", f"sum({others}, {row(writer)})")
    else:
        writer.bind("row", writer.choose(reads))


def _append_and_pop(writer: Writer) -> None:
    if not writer.rebindable("list"):
        return _new_list(writer)
    name = writer.choose(writer.rebindable("list"))
    writer.line(f"{name}.append({row(writer)})")
    writer.bind("row", f"{name}.pop() * {name}.pop(0)")
    writer.line(f"{name}.append({row(writer)})")


def _new_dict(writer: Writer) -> None:
    made = [
        f'{{"a": {row(writer)}, "b": {row(writer)}}}',
        f"dict(a={row(writer)}, b={row(writer)})",
        f'{{k: {row(writer)} * s for k, s in zip("ab", (0.5, 2.0))}}',
        f'{{**{{"a": {row(writer)}}}, "b": {row(writer)}}}',
    ]
    writer.bind("dict", writer.choose(made), "parts")


def _change_dict(writer: Writer) -> None:
    if not writer.rebindable("dict"):
        return _new_dict(writer)
    name = writer.choose(writer.rebindable("dict"))
    changes = [
        f'{name}["a"] = {row(writer)}',
        f'{name}["b"] += {row(writer)}',
        f"{name}.update(a={row(writer)})",
        f'{name} = {{**{name}, "b": {row(writer)}}}',
        f'{name} |= {{"a": {row(writer)}}}',
        f'{name}.setdefault("c", {row(writer)})',
        f"{name} = jax.tree.map(lambda a: a * {atom(row(writer))}, {name})",
    ]
    writer.line(writer.choose(changes))


def _read_dict(writer: Writer) -> None:
    if not writer.of_kind("dict"):
        return _new_dict(writer)
    name = writer.choose(writer.of_kind("dict"))
    reads = [
        f'{name}["a"] * {name}["b"]',
        f"sum({name}.values())",
        f'{name}.get("a", {row(writer)})',
        f"sum(a * len(k) for k, a in {name}.items())",
        f"(lambda a, b, **others: a - b * {atom(row(writer))})(**{name})",
        f"sum(jax.tree.leaves({name}))",
        f"[{name}[k] for k in sorted({name})][0]",
    ]
    writer.bind("row", writer.choose(reads))


def _loop_over_dict(writer: Writer) -> None:
    if not writer.of_kind("dict"):
        return _new_dict(writer)
    name, key, item = _accumulated(writer), writer.fresh("key"), writer.fresh("e")
    parts = writer.choose(writer.of_kind("dict"))
    if writer.chance(2):
        with writer.block(
            f"for {key}, {item} in {parts}.items():", counters=(*writer.room.counters, f"'abc'.index({key})")
        ):
            writer.know("row", item)
            writer.statements(1)
            _change(writer, name)
    else:
        with writer.block(f"for {key} in {parts}:", counters=(*writer.room.counters, f"'abc'.index({key})")):
            writer.know("row", f"{parts}[{key}]", own=False)
            _change(writer, name)


LANGUAGE = [
    Form(form)
    for form in (
        _new_list,
        _change_list,
        _read_list,
        _if,
        _for_range,
        _for_items,
        _for_zip,
        _for_else,
        _while,
        _early_return,
        _with,
        _try,
        _append_and_pop,
        _new_dict,
        _change_dict,
        _read_dict,
        _loop_over_dict,
    )
]
