"""JAX's own control flow and transforms, whose bodies are functions of any statements."""

from __future__ import annotations

from tests.programs.functions import ELEMENTWISE, STATE, function, lambda_of, nested
from tests.programs.values import atom, number, predicate, row, row_of_all, rows, scalar
from tests.programs.writer import Form, Room, Writer


def _body(writer: Writer, **changes: object) -> str:
    """A function of a row that is no library's."""
    return nested(writer, **changes) if writer.chance(2) else lambda_of(writer)


def _scan(writer: Writer) -> None:
    name = writer.fresh("step")
    carried = writer.fresh("c")
    outputs = writer.fresh("ys")
    options = writer.choose(["", ", reverse=True", ", unroll=2"])
    with writer.function(f"def {name}(c, x):", {"c": "row", "x": "row"}, lambda w: f"{row_of_all(w)}, {row(w)}"):
        writer.statements(2)
    writer.line(f"{carried}, {outputs} = lax.scan({name}, {row(writer)}, {rows(writer)}{options})")
    writer.know("row", carried)
    writer.know("rows", outputs)


def _scan_tuple(writer: Writer) -> None:
    name, first, second = writer.fresh("step"), writer.fresh("c"), writer.fresh("c")
    kind = writer.choose(["tuple", "dict", "record"])
    make = {"tuple": "({}, {})", "dict": '{{"h": {}, "t": {}}}', "record": "State({}, {})"}[kind]
    if kind == "record":
        writer.file.define("State", STATE)
    begin = make.format(row(writer), "jnp.asarray(0.0, D)" if writer.chance(2) else f"jnp.asarray({scalar(writer)}, D)")

    def result(w: Writer) -> str:
        return f"{make.format(row_of_all(w), f'jnp.asarray({scalar(w)}, D)')}, None"

    with writer.function(f"def {name}(carry, x):", {"x": "row"}, result):
        writer.line('h, t = carry["h"], carry["t"]' if kind == "dict" else "h, t = carry")
        writer.know("row", "h")
        writer.know("scalar", "t")
        writer.statements(2)
    writer.line(f"({first}), _ = lax.scan({name}, {begin}, {rows(writer)})")
    reads = (f'{first}["h"]', f'{first}["t"]') if kind == "dict" else (f"{first}[0]", f"{first}[1]")
    writer.know("row", reads[0], own=False)
    writer.line(f"{second} = {reads[1]}")
    writer.know("scalar", second)


def _scan_without_inputs(writer: Writer) -> None:
    carried = writer.fresh("c")
    writer.line(
        f"{carried}, _ = lax.scan(lambda c, _: (c * 0.5 + {atom(row(writer))}, None), {row(writer)}, None, length=3)"
    )
    writer.know("row", carried)


def _fori_loop(writer: Writer) -> None:
    name = writer.fresh("step")
    with writer.function(f"def {name}(i, c):", {"c": "row"}, lambda w: f"{atom(row_of_all(w))} * (1 + i).astype(D)"):
        writer.statements(2)
    writer.bind("row", f"lax.fori_loop(0, {writer.choose(['2', '3'])}, {name}, {row(writer)})")


def _while_loop(writer: Writer) -> None:
    name = writer.fresh("step")
    with writer.function(f"def {name}(carry):", {}, lambda w: f"{row_of_all(w)}, k + 1"):
        writer.line("c, k = carry")
        writer.know("row", "c")
        writer.statements(2)
    writer.bind("row", f"lax.while_loop(lambda carry: carry[1] < {number(writer)}, {name}, ({row(writer)}, 0))[0]")


def _cond(writer: Writer) -> None:
    if writer.chance(3):
        operands = f"{row(writer)}, {row(writer)}"
        branches = f"{lambda_of(writer, 'a, b')}, {lambda_of(writer, 'a, b')}"
        writer.bind("row", f"lax.cond({predicate(writer)}, {branches}, {operands})")
    elif writer.chance(3):
        writer.bind("row", f"lax.cond({predicate(writer)}, lambda: {row(writer)}, lambda: {row(writer)})")
    else:
        branches = f"{_body(writer)}, {function(writer)}"
        writer.bind("row", f"lax.cond({predicate(writer)}, {branches}, {row(writer)})")


def _switch(writer: Writer) -> None:
    branches = f"[{function(writer)}, {_body(writer)}, {function(writer)}]"
    index = f"({atom(scalar(writer))} > 0).astype(int) + 1"
    writer.bind("row", f"lax.switch({index}, {branches}, {row(writer)})")


def _map(writer: Writer) -> None:
    writer.bind("rows", f"lax.map({_body(writer)}, {rows(writer)})")


def _vmap(writer: Writer) -> None:
    uses = [
        f"jax.vmap({_body(writer)})({rows(writer)})",
        f"jax.vmap({lambda_of(writer, 'a, b')}, in_axes=(0, None))({rows(writer)}, {row(writer)})",
        f"jax.vmap(lambda a: jnp.sum(a) * {atom(rows(writer))}[:, 0], in_axes=1, out_axes=1)({rows(writer)})",
        f"jax.vmap({lambda_of(writer, 'a, b')})({rows(writer)}, {rows(writer)})",
    ]
    writer.bind("rows", writer.choose(uses))


def _associative_scan(writer: Writer) -> None:
    combine = writer.choose(["lambda a, b: a * b", "lambda a, b: a + b", "jnp.add"])
    writer.bind("rows", f"lax.associative_scan({combine}, {rows(writer)})")


def _wrapped(writer: Writer) -> None:
    wrapper = writer.choose(["jax.checkpoint", "jax.jit", "jax.named_call"])
    if writer.chance(3):
        name = writer.fresh("f")
        writer.line(f"@{wrapper}")
        with writer.function(f"def {name}(a):", {"a": "row"}, row_of_all):
            writer.statements(2)
        writer.know("function", name, own=False)
        writer.bind("row", f"{name}({row(writer)})")
    else:
        writer.bind("row", f"{wrapper}({_body(writer)})({row(writer)})")


def _static_jit(writer: Writer) -> None:
    names = dict(writer.names)
    writer.know("row", "a", own=False)
    body = row(writer)
    writer.names = names
    writer.bind("row", f"jax.jit(lambda a, k: {atom(body)} * k, static_argnums=1)({row(writer)}, 2)")


def _scalar_body(writer: Writer, parameters: str = "a") -> str:
    names, room = dict(writer.names), writer.room
    for name in parameters.split(", "):
        writer.know("row", name, own=False)
    body = scalar(writer, 3)
    writer.names, writer.room = names, room
    return f"lambda {parameters}: jnp.sum({body} * {parameters[0]})"


def _grad(writer: Writer) -> None:
    if writer.chance(3):
        name = writer.fresh("loss")
        result = lambda w: f"jnp.sum({row(w)}) + jnp.sum(a**2)"  # noqa: E731
        with writer.function(f"def {name}(a):", {"a": "row"}, result, reverse=True):
            writer.statements(2)
        writer.bind("row", f"jax.grad({name})({row(writer)})")
        return
    uses = [
        f"jax.grad({_scalar_body(writer)})({row(writer)})",
        f"jax.value_and_grad({_scalar_body(writer)})({row(writer)})[1]",
        f"jax.grad({_scalar_body(writer, 'a, b')}, argnums=1)({row(writer)}, {row(writer)})",
        f"sum(jax.grad({_scalar_body(writer, 'a, b')}, argnums=(0, 1))({row(writer)}, {row(writer)}))",
        f"jax.grad(lambda a: (jnp.sum(a ** 3), a), has_aux=True)({row(writer)})[0]",
        f"jax.vmap(jax.grad({_scalar_body(writer)}))({rows(writer)})[0]",
    ]
    writer.bind("row", writer.choose(uses))


CUSTOM = """@jax.custom_jvp
def bent(a, s):
    return jnp.tanh(a) * s


@bent.defjvp
def _bent_jvp(primals, tangents):
    (a, s), (a_dot, s_dot) = primals, tangents
    return bent(a, s), 3.0 * a_dot * s + s_dot
"""


def _custom_jvp(writer: Writer) -> None:
    writer.file.define("bent", CUSTOM)
    writer.bind("row", f"bent({row(writer)}, {row(writer)})")


def _nested_library(writer: Writer) -> None:
    name = writer.choose(ELEMENTWISE)
    writer.bind("rows", f"jax.vmap({name})({rows(writer)})")


def _forward(room: Room) -> bool:
    return not room.reverse


CONTROL = [
    Form(_scan),
    Form(_cond),
    Form(_map),
    Form(_vmap),
    Form(_fori_loop),
    Form(_wrapped),
    Form(_grad),
    Form(_scan_tuple),
    Form(_scan_without_inputs),
    Form(_while_loop, _forward),
    Form(_switch),
    Form(_associative_scan),
    Form(_static_jit),
    Form(_custom_jvp, _forward),
    Form(_nested_library),
]
