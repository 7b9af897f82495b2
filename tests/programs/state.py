"""State of Flax: parameters, variables, what is sown and perturbed, keys, and modules made, shared and passed on."""

from __future__ import annotations

from tests.programs.functions import nested
from tests.programs.layers import DTYPES, INIT, layer, module_class
from tests.programs.values import atom, row, rows, rows_of_all, scalar
from tests.programs.writer import Form, Kind, Room, Writer

_SHAPES: dict[str, str] = {"row": "(3,)", "rows": "(2, 3)", "scalar": "()"}


def quoted(writer: Writer, stem: str) -> str:
    """A name in the scope, one for each round of the loops around."""
    name = writer.fresh(stem)
    counters = "".join(f"_{{{counter}}}" for counter in writer.room.counters)
    return f'f"{name}{counters}"' if counters else f'"{name}"'


def _param(writer: Writer) -> None:
    kind: Kind = writer.choose(["row", "rows", "scalar"])
    name = quoted(writer, "w")
    forms = [f"self.param({name}, {INIT}, {_SHAPES[kind]}, D)"]
    forms.append(f"self.param({name}, lambda key: jax.random.normal(key, {_SHAPES[kind]}, D))")
    writer.bind(kind, writer.choose(forms), "w")


def _layer(writer: Writer) -> None:
    writer.bind("rows", f"{layer(writer)}({rows(writer)})", "h")


def _bound_layer(writer: Writer) -> None:
    name = writer.bind("layer", layer(writer), "layer")
    writer.bind("rows", f"{name}({rows(writer)})", "h")


def _called_again(writer: Writer) -> None:
    if not writer.of_kind("layer"):
        return (_bound_layer if writer.room.compact else _sow)(writer)
    writer.bind("rows", f"{writer.choose(writer.of_kind('layer'))}({rows(writer)})", "h")


def _loop_over_layers(writer: Writer) -> None:
    name, item = writer.bind("rows", rows(writer), "h"), writer.fresh("layer")
    with writer.block(f"for {item} in [{layer(writer)}, {layer(writer)}]:", compact=False):
        writer.know("layer", item, own=False)
        writer.statements(1)
        writer.line(f"{name} = {item}({name})")


def _variable(writer: Writer) -> None:
    name, key = writer.fresh("var"), quoted(writer, "mean")
    made = ["jnp.zeros, (3,), D", f"lambda: {row(writer)} + jnp.zeros(3, D)", "lambda s: jnp.zeros(3, D) + s, 0.5"]
    writer.line(f'{name} = self.variable("stats", {key}, {writer.choose(made)})')
    writer.know("row", f"{name}.value", own=False)
    if writer.chance(2):
        writer.bind("row", row(writer))
    stores = [
        f"{name}.value = 0.9 * {name}.value + 0.1 * {atom(row(writer))}",
        f"{name}.value += {row(writer)}",
        f"{name}.value = {name}.value.at[0].set({scalar(writer)})",
    ]
    _guarded(writer, writer.choose(stores))


def _guarded(writer: Writer, store: str) -> None:
    """A store into `stats`, where it is mutable."""
    if "stats" in writer.file.mutable and writer.chance(3):
        writer.line(store)
    else:
        guards = ['self.is_mutable_collection("stats")']
        guards += ["not self.is_initializing()"] if "stats" in writer.file.mutable else []
        with writer.block(f"if {writer.choose(guards)}:"):
            writer.line(store)


def _put_variable(writer: Writer) -> None:
    key = quoted(writer, "put")
    with writer.block('if self.is_mutable_collection("stats"):'):
        writer.line(f'self.put_variable("stats", {key}, {row(writer)} + jnp.zeros(3, D))')
    reads = [f'self.get_variable("stats", {key}, {row(writer)})']
    reads.append(f'self.get_variable("stats", {key}) if self.has_variable("stats", {key}) else {row(writer)}')
    writer.bind("row", writer.choose(reads))


def _sow(writer: Writer) -> None:
    name = quoted(writer, "sown")
    forms = [
        f'self.sow("intermediates", {name}, {row(writer)})',
        f'self.sow("intermediates", {name}, {rows(writer)}, reduce_fn=lambda a, b: b, init_fn=lambda: 0.0)',
        f'self.sow("intermediates", {name}, {row(writer)}, init_fn=lambda: jnp.zeros(3, D), '
        f"reduce_fn=lambda a, b: a * 0.5 + b)",
    ]
    form = writer.choose(forms)
    writer.line(form)
    if writer.chance(3):
        writer.line(form)


def _perturb(writer: Writer) -> None:
    writer.bind("row", f"self.perturb({quoted(writer, 'delta')}, {row(writer)} + jnp.zeros(3, D))")


def _make_rng(writer: Writer) -> None:
    draws = [
        f'{row(writer)} + jax.random.normal(self.make_rng("noise"), (3,), D) * {scalar(writer)}',
        f'jnp.where(jax.random.bernoulli(self.make_rng("dropout"), 0.5, (3,)), {row(writer)}, 0)',
        f'jax.random.permutation(self.make_rng("noise"), {row(writer)})',
    ]
    writer.bind("row", writer.choose(draws))


def _passed_to_helper(writer: Writer) -> None:
    """A function of the file is given the module."""
    name = writer.fresh("helper")
    header, parameters = f"def {name}(module, x, a):", {"x": "rows", "a": "row"}
    with writer.top_level(Room(depth=writer.room.depth)), writer.function(header, parameters, rows_of_all):
        writer.line(f'b = module.param("{writer.fresh("p")}", {INIT}, (3,), D)')
        writer.know("row", "b")
        writer.line(f'x = nn.Dense(3, {DTYPES}, name="{writer.fresh("dense")}")(x * b)')
        writer.statements(2)
    if writer.room.counters:
        return _layer(writer)
    writer.bind("rows", f"{name}(self, {rows(writer)}, {row(writer)})", "h")


def _closure(writer: Writer) -> None:
    """A nested function that makes layers."""
    name = writer.fresh("block")
    with writer.function(f"def {name}(x, a):", {"x": "rows", "a": "row"}, rows_of_all, flax=True, compact=True):
        writer.bind("rows", f"{layer(writer)}({rows(writer)})", "h")
    writer.bind("rows", f"{name}({rows(writer)}, {row(writer)})", "h")
    writer.bind("rows", f"{name}(a={row(writer)}, x={rows(writer)})", "h")


def _optional_arguments(writer: Writer) -> None:
    """A call with keywords, one of them None or left out."""
    name = module_class(
        writer,
        {"x": "rows", "bias=None": "scalar", "*": "scalar", "scale=1.0": "scalar"},
        rows_of_all,
        known={},
        first=lambda w: (w.names.clear(), w.own.clear(), w.know("rows", "x"), _optional(w)),
    )
    calls = ["", f", bias={row(writer)}", f", {row(writer)}, scale={scalar(writer)}", ", None, scale=0.5"]
    writer.bind("rows", f"{name}()({rows(writer)}{writer.choose(calls)})", "h")


def _optional(writer: Writer) -> None:
    with writer.block("if bias is not None:"):
        writer.know("row", "bias")
        writer.line(f"x = x * {atom(row(writer))}")
    writer.line("x = x * scale")


def _applied_inside(writer: Writer) -> None:
    """A module without a parent is given weights that move."""
    weights = f'{{"params": {{"kernel": jnp.outer({row(writer)}, {row(writer)})}}}}'
    module = "nn.Dense(3, use_bias=False, dtype=D, parent=None)"
    writer.bind("rows", f"{module}.apply({weights}, {rows(writer)})", "h")


def _clone(writer: Writer) -> None:
    name = writer.fresh("layer")
    writer.line(f"{name} = {layer(writer)}")
    writer.bind("rows", f'{name}.clone(parent=self, name="{writer.fresh("clone")}")({rows(writer)})', "h")


def _initializing(writer: Writer) -> None:
    name = writer.bind("row", row(writer))
    with writer.block("if not self.is_initializing():"):
        writer.line(f"{name} = {row(writer)}")


def _own_function(writer: Writer) -> None:
    """A function that reads `self`, as a value."""
    name = nested(writer, fields=True)
    writer.know("function", name, own=False)
    writer.bind("row", f"sum(map({name}, [{row(writer)}, {row(writer)}]))")


def _compact(room: Room) -> bool:
    return room.flax and room.compact


def _once(room: Room) -> bool:
    return _compact(room) and not room.counters


def _flax(room: Room) -> bool:
    return room.flax


STATE_FORMS = [
    Form(_param, _compact),
    Form(_layer, _compact),
    Form(_bound_layer, _compact),
    Form(_called_again, _flax),
    Form(_variable, _compact),
    Form(_sow, _flax),
    Form(_make_rng, _flax),
    Form(_put_variable, _flax),
    Form(_loop_over_layers, _compact),
    Form(_perturb, _compact),
    Form(_passed_to_helper, _once),
    Form(_closure, _compact),
    Form(_optional_arguments, _compact),
    Form(_applied_inside),
    Form(_clone, _once),
    Form(_initializing, _flax),
    Form(_own_function, _flax),
]
