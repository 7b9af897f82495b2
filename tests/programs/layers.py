"""Modules: Flax's own layers, and classes of the file with methods, properties, setup, bases and fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.programs.values import row, row_of_all, rows, rows_of_all, scalar
from tests.programs.writer import Kind, Room, Writer

DTYPES = "dtype=D, param_dtype=D"
INIT = "nn.initializers.normal(1.0)"
FIELDS = "    flag: bool = True\n    n: int = 2\n"


def layer(writer: Writer) -> str:
    """The construction of a module from (2, 3) to (2, 3)."""
    options = [
        f"nn.Dense(3, {DTYPES})",
        f"nn.LayerNorm({DTYPES})",
        "nn.Dropout(0.5, deterministic=False)",
        f"nn.BatchNorm(use_running_average={'batch_stats' not in writer.file.mutable}, {DTYPES})",
        f"nn.Sequential([nn.Dense(4, {DTYPES}), nn.gelu, nn.Dense(3, {DTYPES})])",
        f"nn.Conv(3, (2,), {DTYPES})",
        f"nn.RMSNorm({DTYPES})",
    ]
    if writer.room.depth > 0 and writer.file.statements_left > 4 and writer.pick(2) > 0:
        made = [made_of_file, made_of_file, wrapped, scaled]
        return writer.choose(made)(writer)
    return writer.choose(options)


def made_of_file(writer: Writer) -> str:
    name = layer_class(writer)
    return f"{name}({writer.choose(['', 'flag=False', 'n=1', 'n=self.n' if writer.room.fields else ''])})"


def wrapped(writer: Writer) -> str:
    """A module that is given another one as a field."""
    inner = layer(writer)
    name = module_class(
        writer,
        {"x": "rows"},
        rows_of_all,
        fields=f"    inner: nn.Module\n{FIELDS}",
        known={"self.inner": "layer"},
        first=lambda w: w.bind("rows", f"self.inner({rows(w)})"),
    )
    return f"{name}({inner})"


def scaled(writer: Writer) -> str:
    """A module that is given a value as a field."""
    name = module_class(
        writer,
        {"x": "rows"},
        rows_of_all,
        fields=f"    s: Any\n{FIELDS}",
        known={"self.s": "row"},
        first=lambda w: w.bind("rows", f"{rows(w)} * self.s"),
    )
    return f"{name}({row(writer)})"


def module_class(
    writer: Writer,
    parameters: Mapping[str, Kind],
    result: Callable[[Writer], str],
    *,
    fields: str = FIELDS,
    known: Mapping[str, Kind] | None = None,
    first: Callable[[Writer], object] = lambda writer: None,
    decorator: str = "",
) -> str:
    """The name of a new compact class whose call has these parameters and this result."""
    writer.file.statements_left -= 2
    name = writer.fresh("Layer")
    with writer.top_level(Room(flax=True, compact=True, fields=True, depth=writer.room.depth - 1)):
        writer.line(f"class {name}(nn.Module):\n{fields}")
        writer.indent += 1
        if decorator:
            writer.line(decorator)
        writer.line("@nn.compact")
        with writer.function(
            f"def __call__(self, {', '.join(parameters)}):", parameters, result, flax=True, compact=True
        ):
            for text, kind in (known or {}).items():
                writer.know(kind, text, own=False)
            first(writer)
            writer.statements(2)
    return name


def layer_class(writer: Writer) -> str:
    styles = [_compact, _compact, _with_setup, _derived, _with_method]
    return writer.choose(styles)(writer)


def _compact(writer: Writer) -> str:
    return module_class(writer, {"x": "rows"}, rows_of_all)


def _with_method(writer: Writer) -> str:
    """A compact call that is decorated, and a helper method that makes parameters."""
    decorator = writer.choose(["nn.remat", "nn.jit", ""])
    name = writer.fresh("Layer")
    with writer.top_level(Room(flax=True, compact=True, fields=True, depth=writer.room.depth - 1)):
        writer.line(f"class {name}(nn.Module):\n{FIELDS}")
        writer.indent += 1
        with writer.function("def part(self, x, a):", {"x": "rows", "a": "row"}, rows_of_all, flax=True, compact=True):
            writer.statements(2)
        writer.line("")
        if decorator:
            writer.line(f"@{decorator}")
        writer.line("@nn.compact")
        with writer.function("def __call__(self, x):", {"x": "rows"}, rows_of_all, flax=True, compact=True):
            writer.statements(2)
            writer.bind("rows", f"self.part({rows(writer)}, {writer.choose(['', 'a='])}{row(writer)})")
            writer.statements(1)
    return name


def _with_setup(writer: Writer) -> str:
    name = writer.fresh("Layer")
    with writer.top_level(Room(flax=True, fields=True, depth=writer.room.depth - 1)):
        writer.line(f"class {name}(nn.Module):\n{FIELDS}")
        writer.indent += 1
        known = _setup(writer)
        known |= _members(writer, known)
        with writer.function("def encode(self, x, scale=1.0):", {"x": "rows"}, rows_of_all, flax=True):
            _know_all(writer, known)
            writer.line("x = x * scale")
            writer.statements(2)
        writer.line("")
        with writer.function("def __call__(self, x):", {"x": "rows"}, rows_of_all, flax=True):
            _know_all(writer, known)
            writer.statements(2)
            arguments = [f"{rows(writer)}", f"{rows(writer)}, scale={scalar(writer)}"]
            writer.bind("rows", f"self.encode({writer.choose(arguments)})")
            writer.line(writer.choose(["for block in self.blocks:", "for block in [*self.table.values()]:"]))
            writer.line("    x = block(x)")
            writer.statements(2)
    return name


def _setup(writer: Writer) -> dict[str, Kind]:
    with writer.block("def setup(self):", flax=False):
        writer.line(f'self.w = self.param("w", {INIT}, (3,), D)')
        writer.line(f'self.table = {{"a": nn.Dense(3, {DTYPES})}}')
        writer.know("row", "self.w", own=False)
        writer.line(f"self.first = {layer(writer)}")
        writer.line(f"self.blocks = [{layer(writer)}, {layer(writer)}]")
        writer.line(f"self.scale = {row(writer)}")
    writer.line("")
    known: dict[str, Kind] = {"self.w": "row", "self.scale": "row", "self.first": "layer", 'self.table["a"]': "layer"}
    return known | {"self.blocks[0]": "layer"}


def _members(writer: Writer, known: Mapping[str, Kind]) -> dict[str, Kind]:
    """A property, a static method and a class method."""
    with writer.block("@property\ndef gain(self):", flax=False):
        _know_all(writer, known)
        writer.line(f"return {row(writer)}")
    writer.line("")
    with writer.block("@staticmethod\ndef bent(a):", flax=False, fields=False):
        writer.know("row", "a")
        writer.line(f"return {row(writer)}")
    writer.line("")
    with writer.block("@classmethod\ndef twice(cls, a):", flax=False, fields=False):
        writer.know("row", "a")
        writer.line(f"return cls.bent(a) * {scalar(writer)}")
    writer.line("")
    return {"self.gain": "row", "self.bent": "function", "self.twice": "function"}


def _know_all(writer: Writer, known: Mapping[str, Kind]) -> None:
    for text, kind in known.items():
        writer.know(kind, text, own=False)


def _derived(writer: Writer) -> str:
    """A class whose call goes through that of its base, with a method that it overrides."""
    base, name = writer.fresh("Base"), writer.fresh("Layer")
    depth = writer.room.depth - 1
    with writer.top_level(Room(flax=True, compact=True, fields=True, depth=depth)):
        writer.line(f"class {base}(nn.Module):\n{FIELDS}")
        writer.indent += 1
        with writer.function("def changed(self, a):", {"a": "row"}, row_of_all):
            writer.statements(1)
        writer.line("\n@nn.compact")
        with writer.function("def __call__(self, x):", {"x": "rows"}, rows_of_all, flax=True, compact=True):
            writer.bind("row", f"self.changed({row(writer)})")
            writer.statements(2)
    with writer.top_level(Room(flax=True, compact=True, fields=True, depth=depth)):
        writer.line(f"class {name}({base}):")
        writer.indent += 1
        with writer.function("def changed(self, a):", {"a": "row"}, row_of_all):
            writer.bind("row", f"super().changed({row(writer)})")
            writer.statements(1)
        writer.line("\n@nn.compact")
        with writer.function("def __call__(self, x):", {"x": "rows"}, rows_of_all, flax=True, compact=True):
            writer.statements(1)
            writer.bind("rows", f"super().__call__({rows(writer)})")
            writer.statements(1)
    return name
