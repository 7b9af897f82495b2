"""Flax's lifted transforms, over classes of the file and over functions of bound modules."""

from __future__ import annotations

from tests.programs.layers import layer, layer_class, module_class
from tests.programs.values import atom, predicate, row, rows
from tests.programs.writer import Form, Room, Writer

_COLLECTIONS = ("params", "stats", "batch_stats", "intermediates", "perturbations")
_SPLIT = 'split_rngs={"params": True, "dropout": True, "noise": True}'
_SHARED = 'split_rngs={"params": False, "dropout": True, "noise": True}'
_STATE = '("stats", "batch_stats")'


def _all_axes(writer: Writer, axis: int = 0) -> str:
    """Every collection along an axis, in one of the forms of filters."""
    by_name = ", ".join(f'"{name}": {axis}' for name in _COLLECTIONS)
    filters = [
        f"{{{by_name}}}",
        f"{{True: {axis}}}",
        f'{{"params": {axis}, nn.DenyList("params"): {axis}}}',
        f'{{("params", "stats"): {axis}, ("batch_stats", "intermediates", "perturbations"): {axis}}}',
    ]
    return f"variable_axes={writer.choose(filters)}"


def _scan(writer: Writer) -> None:
    """A scan over layers of their own, or over one that they share."""
    name = module_class(
        writer, {"c": "rows", "x": "row"}, lambda w: f"{rows(w)}, {w.choose([row(w), rows(w), 'None', row(w)])}"
    )
    target = f"nn.remat({name})" if writer.chance(4) else name
    axes = [f"{_all_axes(writer)}, {_SPLIT}"]
    rest = '{"stats": 0, "batch_stats": 0, "intermediates": 0, "perturbations": 0}'
    axes.append(f'variable_broadcast="params", variable_axes={rest}, {_SHARED}')
    axes.append(f'variable_axes={{nn.DenyList("params"): 0}}, variable_broadcast="params", {_SHARED}')
    settings, carried, outputs = writer.choose(axes), writer.fresh("h"), writer.fresh("ys")
    how = writer.choose(["", ", in_axes=0, out_axes=0", ", reverse=True", ", in_axes=nn.broadcast, length=2"])
    inputs = row(writer) if "broadcast, length" in how else rows(writer)
    writer.line(f"{carried}, {outputs} = nn.scan({target}, {settings}{how})()({rows(writer)}, {inputs})")
    writer.know("rows", carried)
    writer.bind("rows", f"sum(map(jnp.sum, jax.tree.leaves({outputs})), jnp.zeros((2, 3), D))")


def _scan_of_function(writer: Writer) -> None:
    """A scan of a function over a bound module that every round shares; its state is carried."""
    module, carried = writer.bind("layer", layer(writer), "layer"), writer.fresh("h")
    writer.bind("rows", f"{module}({rows(writer)})", "h")
    body = f"lambda m, c, x: (m(c) * x + {atom(row(writer))}, c.sum(0))"
    settings = f'variable_broadcast=("params", "perturbations"), variable_carry={_STATE}, {_SHARED}'
    writer.line(f"{carried}, _ = nn.scan({body}, {settings})({module}, {rows(writer)}, {rows(writer)})")
    writer.know("rows", carried)


def _vmap(writer: Writer) -> None:
    name = layer_class(writer)
    inputs = f"jnp.stack([{rows(writer)}, {rows(writer)}])"
    turned = f"{inputs}.swapaxes(0, 2).swapaxes(0, 1)"
    forms = [
        f"nn.vmap({name}, {_all_axes(writer)}, {_SPLIT})()({inputs}).mean(0)",
        f"nn.vmap({name}, in_axes=None, axis_size=2, {_all_axes(writer)}, {_SPLIT})()({rows(writer)}).sum(0)",
        f"nn.vmap({name}, {_all_axes(writer)}, {_SPLIT}, in_axes=2, out_axes=1)()({turned}).mean(1)",
    ]
    writer.bind("rows", writer.choose(forms), "h")


def _shared_vmap(writer: Writer) -> None:
    inputs = f"jnp.stack([{rows(writer)}, {rows(writer)}])"
    others = '"stats": 0, "batch_stats": 0, "intermediates": 0, "perturbations": 0'
    settings = f'variable_axes={{"params": None, {others}}}, {_SHARED}'
    writer.bind("rows", f"nn.vmap({layer_class(writer)}, {settings})()({inputs})[0]", "h")


def _remat(writer: Writer) -> None:
    forms = [
        f"nn.remat({layer_class(writer)})()({rows(writer)})",
        f"nn.checkpoint({layer_class(writer)}, prevent_cse=False)(n=1)({rows(writer)})",
        f"nn.jit({layer_class(writer)})()({rows(writer)})",
        f"nn.remat(nn.jit({layer_class(writer)}))()({rows(writer)})",
        f"nn.remat(lambda m, a: m(a) * {atom(row(writer))})({layer(writer)}, {rows(writer)})",
        f"nn.jit(lambda m, a: m(a + 1.0))({layer(writer)}, {rows(writer)})",
    ]
    writer.bind("rows", writer.choose(forms), "h")


def _remat_scan(writer: Writer) -> None:
    name = layer_class(writer)
    lengths = writer.choose(["(2,)", "(2, 2)"])
    settings = f"variable_axes={{True: 0}}, {_SPLIT}"
    writer.bind("rows", f"nn.remat_scan({name}, lengths={lengths}, {settings})()({rows(writer)})", "h")


def _cond(writer: Writer) -> None:
    module = writer.bind("layer", layer(writer), "layer")
    writer.bind("rows", f"{module}({rows(writer)})", "h")
    branches = f"lambda m, a: m(a) * {atom(row(writer))}, lambda m, a: a * {atom(row(writer))}"
    forms = [
        f"nn.cond({predicate(writer)}, {branches}, {module}, {rows(writer)})",
        f"nn.switch({predicate(writer)} + 1, [lambda m, a: a, {branches}], {module}, {rows(writer)})",
    ]
    writer.bind("rows", writer.choose(forms), "h")


def _while_loop(writer: Writer) -> None:
    module = writer.bind("layer", layer(writer), "layer")
    writer.bind("rows", f"{module}({rows(writer)})", "h")
    body = f"lambda m, c: (m(c[0]) * {atom(row(writer))}, c[1] + 1)"
    settings = f'carry_variables={_STATE}, broadcast_variables=("params", "perturbations"), {_SHARED}'
    loop = f"nn.while_loop(lambda m, c: c[1] < 2, {body}, {module}, ({rows(writer)}, 0), {settings})"
    writer.bind("rows", f"{loop}[0]", "h")


def _map_variables(writer: Writer) -> None:
    name = layer_class(writer)
    change = f"lambda vs: jax.tree.map(lambda v: jnp.tanh(v) * {writer.choose(['2.0', atom(row(writer)) + '[0]'])}, vs)"
    back = "lambda vs: vs"
    settings = writer.choose([f"{change}, {back}, init=True", f"{change}, init=True"])
    writer.bind("rows", f'nn.map_variables({name}, "params", {settings})()({rows(writer)})', "h")


def _compact(room: Room) -> bool:
    return room.flax and room.compact and room.depth > 0


LIFTED = [
    Form(form, _compact)
    for form in (
        _remat,
        _scan,
        _vmap,
        _cond,
        _scan_of_function,
        _shared_vmap,
        _while_loop,
        _map_variables,
        _remat_scan,
    )
]
