"""Functions as values: lambdas, nested defs, closures, partials, generators, helpers of the file, records."""

from __future__ import annotations

from tests.programs.values import atom, row, row_of_all, scalar
from tests.programs.writer import Form, Kind, Room, Writer

ELEMENTWISE = ["jnp.sin", "jnp.tanh", "nn.relu", "jax.nn.softmax", "nn.silu", "jnp.square"]


def function(writer: Writer) -> str:
    """A function from a row to a row: known, of a library, or a lambda."""
    how = writer.pick(3)
    if how == 0 and writer.of_kind("function"):
        return writer.choose(writer.of_kind("function"))
    return writer.choose(ELEMENTWISE) if how == 1 else lambda_of(writer)


def lambda_of(writer: Writer, parameters: str = "a") -> str:
    names = dict(writer.names)
    for name in parameters.split(", "):
        writer.know("row", name, own=False)
    body = row(writer)
    writer.names = names
    return f"lambda {parameters}: {body}"


def nested(writer: Writer, signature: str = "a", names: str = "a", **changes: object) -> str:
    """The name of a new function of rows, with statements of its own."""
    name = writer.fresh("f")
    parameters: dict[str, Kind] = dict.fromkeys(names, "row")
    with writer.function(f"def {name}({signature}):", parameters, row_of_all, **changes):
        writer.statements(2)
    return name


def _nested(writer: Writer) -> None:
    name = writer.know("function", nested(writer), own=False)
    writer.bind("row", f"{name}({row(writer)})")


def _with_defaults(writer: Writer) -> None:
    name = nested(writer, writer.choose([f"a, s={row(writer)}", f"a, *, s={row(writer)}"]), "as")
    writer.know("function", name, own=False)
    writer.bind("row", f"{name}({row(writer)}) + {name}(s={row(writer)}, a={row(writer)})")


def _star_arguments(writer: Writer) -> None:
    name = writer.fresh("f")
    with writer.function(f"def {name}(a, *others, **options):", {"a": "row"}, row_of_all):
        writer.line('a = a * options.get("s", 2.0) + sum(others)')
        writer.statements(1)
    calls = [
        f"{name}({row(writer)}, {row(writer)}, s={row(writer)})",
        f'{name}(*[{row(writer)}, {row(writer)}], **{{"s": {scalar(writer)}}})',
        f"{name}({row(writer)})",
    ]
    writer.bind("row", writer.choose(calls))


def _lambda(writer: Writer) -> None:
    name = writer.fresh("f")
    writer.line(f"{name} = {lambda_of(writer)}")
    writer.know("function", name, own=False)
    writer.bind("row", f"{name}({row(writer)})")


def _partial(writer: Writer) -> None:
    name = writer.fresh("f")
    writer.line(f"{name} = functools.partial({lambda_of(writer, 's, a')}, {row(writer)})")
    writer.know("function", name, own=False)


def _table(writer: Writer) -> None:
    table = writer.fresh("table")
    functions = [function(writer) for _ in range(2)]
    if writer.chance(2):
        writer.line(f'{table} = {{"f": {functions[0]}, "g": {functions[1]}}}')
        uses = [f'{table}["g"]({row(writer)})', f"sum(f({row(writer)}) for f in {table}.values())"]
    else:
        writer.line(f"{table} = [{functions[0]}, {functions[1]}]")
        uses = [
            f"{table}[1]({row(writer)})",
            f"functools.reduce(lambda a, f: f(a), {table}, {row(writer)})",
            f"sum([f({row(writer)}) for f in {table}])",
        ]
    writer.bind("row", writer.choose(uses))


def _mapped(writer: Writer) -> None:
    uses = [
        f"sum(map({function(writer)}, [{row(writer)}, {row(writer)}]))",
        f"jax.tree.map({function(writer)}, ({row(writer)}, {row(writer)}))[1]",
        f"[*map({lambda_of(writer, 'a, b')}, [{row(writer)}], [{row(writer)}])][0]",
        f"functools.reduce({lambda_of(writer, 'a, b')}, [{row(writer)}, {row(writer)}], {row(writer)})",
        f"({lambda_of(writer)})({row(writer)})",
    ]
    writer.bind("row", writer.choose(uses))


def _bound_late(writer: Writer) -> None:
    """A closure sees what is bound after it was made."""
    name = writer.bind("row", row(writer))
    function_name = writer.fresh("f")
    writer.line(f"{function_name} = lambda a: a * {name} + {atom(row(writer, 1))}")
    writer.line(f"{name} = {row(writer)}")
    writer.bind("row", f"{function_name}({row(writer)})")


def _maker(writer: Writer) -> None:
    outer = writer.fresh("make")
    with writer.function(f"def {outer}(s):", {"s": "row"}, lambda_of):
        writer.statements(1)
    name = writer.fresh("f")
    writer.line(f"{name} = {outer}({row(writer)})")
    writer.know("function", name, own=False)
    writer.bind("row", f"{name}({row(writer)})")


def _collector(writer: Writer) -> None:
    items, name = writer.fresh("items"), writer.fresh("f")
    writer.line(f"{items} = [{row(writer)}, {row(writer)}]")
    with writer.function(f"def {name}(a):", {"a": "row"}, row_of_all):
        writer.line(f"{items}.append({row(writer)})")
        if writer.chance(2):
            writer.line(f"{items}[0] = {row(writer)}")
    writer.bind("row", f"{name}({row(writer)}) * {name}({row(writer)})")
    writer.know("list", items)


def _generator(writer: Writer) -> None:
    name = writer.fresh("parts")
    with writer.function(f"def {name}(a):", {"a": "row"}, row, returns="yield"):  # noqa: SIM117
        with writer.block("for i in range(2):", counters=("i",)):
            writer.line(f"yield {row(writer)}")
    how = writer.choose(["sum", "loop", "list"])
    if how == "sum":
        writer.bind("row", f"sum({name}({row(writer)}))")
    elif how == "list":
        writer.bind("list", f"list({name}({row(writer)}))", "items")
    else:
        total = writer.bind("row", row(writer))
        with writer.block(f"for e in {name}({row(writer)}):", counters=(*writer.room.counters,), compact=False):
            writer.know("row", "e", own=False)
            writer.line(f"{total} = {total} * 0.5 + {atom(row(writer))}")


# --- Of the file ------------------------------------------------------------------------------------------------------


def helper(writer: Writer) -> str:
    """The name of a new function of the file, from rows `a` and `b` to a row."""
    name, depth = writer.fresh("helper"), writer.room.depth
    with writer.top_level(Room(depth=depth)):
        signature = writer.choose(["a, b", "a, b=2.0", "a, *, b=0.5"])
        with writer.function(f"def {name}({signature}):", {"a": "row", "b": "row"}, row_of_all):
            if "=" in signature:
                writer.line("b = b * jnp.ones(3, D)")
            writer.statements(2)
    keyword = "b=" if "*" in signature else ""
    return f"{name}({row(writer)}, {keyword}{row(writer)})"


def _helper(writer: Writer) -> None:
    writer.bind("row", helper(writer))


def _recursive(writer: Writer) -> None:
    name, depth = writer.fresh("power"), writer.room.depth
    with writer.top_level(Room(depth=depth)):  # noqa: SIM117
        with writer.function(f"def {name}(a, k):", {"a": "row"}, lambda w: f"{name}({row(w)}, k - 1) * a"):
            with writer.block("if k == 0:"):
                writer.line(f"return {row(writer)}")
    writer.bind("row", f"{name}({row(writer)}, 2)")


STATE = """class State(NamedTuple):
    hidden: jax.Array
    total: jax.Array

    @property
    def half(self):
        return self.hidden * 0.5

    def mixed(self, other):
        return self.hidden * other + self.total
"""
PARTS = """@flax.struct.dataclass
class Parts:
    first: jax.Array
    second: jax.Array
    power: int = flax.struct.field(pytree_node=False, default=2)

    def both(self, scale=1.0):
        return self.first**self.power + self.second * scale

    @classmethod
    def twice(cls, value):
        return cls(value, value * 2.0)
"""


def _named_tuple(writer: Writer) -> None:
    writer.file.define("State", STATE)
    name = writer.fresh("state")
    writer.line(f"{name} = State({row(writer)}, total={scalar(writer)})")
    if writer.chance(2):
        writer.line(f"{name} = {name}._replace(hidden={row(writer)} * {name}.total)")
    writer.know("row", f"{name}.hidden", own=False)
    writer.know("scalar", f"{name}.total", own=False)
    uses = [f"{name}.mixed({row(writer)})", f"{name}.half", f"{name}[0] * {name}[1]", f"sum({name}) + {row(writer)}"]
    writer.bind("row", writer.choose(uses))


def _struct(writer: Writer) -> None:
    writer.file.define("Parts", PARTS)
    name = writer.fresh("parts")
    made = [f"Parts({row(writer)}, {row(writer)})", f"Parts.twice({row(writer)})"]
    writer.line(f"{name} = {writer.choose(made)}")
    if writer.chance(2):
        writer.line(f"{name} = {name}.replace(second={row(writer)})")
    if writer.chance(3):
        writer.line(f"{name} = jax.tree.map({lambda_of(writer)}, {name})")
    writer.know("row", f"{name}.first", own=False)
    writer.bind("row", writer.choose([f"{name}.both({scalar(writer)})", f"{name}.first * {name}.second"]))


FUNCTIONS = [
    Form(form)
    for form in (
        _lambda,
        _nested,
        _with_defaults,
        _star_arguments,
        _table,
        _mapped,
        _bound_late,
        _partial,
        _maker,
        _collector,
        _generator,
        _helper,
        _recursive,
        _named_tuple,
        _struct,
    )
]
