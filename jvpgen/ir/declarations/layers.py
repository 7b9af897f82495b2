"""flax.linen's layers as they are constructed: a layer and the values of its fields enter, its variables leave.

`nn.Dense(self.hidden, use_bias=False)` declares one kernel of shape `(inputs.shape[-1], self.hidden)`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from jvpgen.ir import nodes
from jvpgen.ir.declarations.record import DeclaredVariable, RngStream
from jvpgen.ir.declarations.resolution import truth
from jvpgen.ir.declarations.simplify import simplified
from jvpgen.ir.declarations.text import name_pattern, substituted
from jvpgen.ir.declarations.values import FunctionValue, Made, Sequence, Text, Value
from jvpgen.ir.lower import parse_expression
from jvpgen.ir.show import show
from jvpgen.source.flax_layers import Layer, layer
from jvpgen.source.span import Span


@cache
def _parameters(signature: str) -> tuple[nodes.Parameter, ...]:
    parsed = parse_expression(f"lambda {signature}: 0")
    assert isinstance(parsed, nodes.Lambda)
    return parsed.parameters.items


@cache
def _parsed(text: str) -> nodes.Expression:
    return parse_expression(text)


def parameter_names(qualified: str | None) -> list[str]:
    """The names of a layer's fields, in the order of its constructor."""
    found = layer(qualified)
    return [] if found is None else [parameter.name for parameter in _parameters(found.signature)]


def layer_declarations(
    found: Layer, values: Mapping[str, Value], span: Span | None
) -> tuple[list[DeclaredVariable], list[RngStream]]:
    """The variables and streams of a layer whose fields have `values`; where one is missing, its default."""
    known = {parameter.name: Text(parameter.default) for parameter in _parameters(found.signature) if parameter.default}
    fill = _filling({**known, **values})
    variables = []
    for row in found.variables:
        certain, holds = truth(fill(row.when)) if row.when else (True, True)
        if certain and not holds:
            continue
        variables.append(
            DeclaredVariable(
                _pattern(row.collection, {**known, **values}),
                _pattern(row.path, {**known, **values}),
                _shown(row.shape, fill),
                _shown(row.dtype, fill),
                _shown(row.initializer, fill),
                span,
                optional=not certain,
                how="param" if row.collection == "params" else "variable",
            )
        )
    streams = []
    if any(row.collection == "params" for row in found.variables):
        streams.append(RngStream("params", span, initial=True))
    for name, when in found.rngs:
        certain, holds = truth(fill(when)) if when else (True, True)
        if holds or not certain:
            streams.append(RngStream(_pattern(name, {**known, **values}), span))
    return variables, streams


def _filling(values: Mapping[str, Value]) -> Callable[[str], nodes.Expression]:
    """A function that parses an expression of the table and fills the fields' values in."""

    def replacement(node: nodes.Expression) -> nodes.Expression | None:
        if not isinstance(node, nodes.Name) or node.id not in values:
            return None
        return _expression(values[node.id])

    return lambda text: simplified(substituted(_parsed(text), replacement))


def _expression(value: Value) -> nodes.Expression | None:
    match value:
        case Text(expression=expression):
            return expression
        case Sequence(items=items):
            parts = [_expression(item) for item in items]
            return nodes.TupleDisplay(tuple(part for part in parts if part is not None)) if all(parts) else None
        case FunctionValue(function=nodes.Function(name=name)):
            return nodes.Name(name)
        case FunctionValue(function=nodes.Lambda() as function):
            return function
    return None


def _shown(text: str | None, fill: Callable[[str], nodes.Expression]) -> str | None:
    return None if text is None else show(fill(text))


def _pattern(text: str, values: Mapping[str, Value]) -> str:
    """A pattern with the fields that it names in braces filled in."""
    for name, value in values.items():
        if f"{{{name}}}" in text:
            if isinstance(value, Text):
                text = text.replace(f"{{{name}}}", name_pattern(value.expression))
            elif isinstance(value, Made) and value.names():
                text = text.replace(f"{{{name}}}", value.names()[0])
    return text
