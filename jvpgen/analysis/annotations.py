"""What a function says of its parameters by their types: which are modules or scopes."""

from __future__ import annotations

import libcst as cst

from jvpgen.analysis.environment import Environment
from jvpgen.analysis.instances import UNKNOWN_CLASS
from jvpgen.ir import nodes
from jvpgen.ir.lower import parse_expression
from jvpgen.ir.scoping import dotted
from jvpgen.source.flax_names import MODULE


def annotated_class(annotation: nodes.Expression | None, environment: Environment) -> str | None:
    """The class of modules that a type names: `Encoder`, `nn.Module | None`; None if it names none."""
    match annotation:
        case nodes.Binary(left=left, operator="|", right=right):
            return annotated_class(left, environment) or annotated_class(right, environment)
        case nodes.Subscript(value=value, index=index) if (dotted(value) or "").split(".")[-1] == "Optional":
            return annotated_class(index, environment)
        case nodes.Constant(text=text) if text[:1] in "'\"":
            return annotated_class(_parsed(text), environment)
        case None:
            return None
    name = dotted(annotation)
    for qualified in (environment.global_name(name), name) if name else ():
        if qualified is not None and environment.kind(qualified) == "module_class":
            return UNKNOWN_CLASS if qualified in (MODULE, "flax.linen.Module") else qualified
    return None


def _parsed(text: str) -> nodes.Expression | None:
    """A type that is given as a text."""
    try:
        return parse_expression(text.strip("'\" "))
    except cst.ParserSyntaxError:
        return None


_OF_SCOPES = frozenset("param variable get_variable put_variable has_variable make_rng child".split())


def is_of_scope(function: nodes.Function, environment: Environment) -> bool:
    """Whether the first parameter of a function is a scope, or a module, by its type or by how it is used."""
    items = function.parameters.items
    if not items or items[0].kind not in ("positional", "positional-only"):
        return False
    first = items[0]
    written = _parsed(first.annotation.text) if isinstance(first.annotation, nodes.Constant) else first.annotation
    name = dotted(written) if written is not None else None
    if (name or "").split(".")[-1] == "Scope" or annotated_class(written, environment) is not None:
        return True
    walked = (node for statement in function.body for node in nodes.walk(statement))
    return any(_uses_scope(node, first.name) for node in walked)


def _uses_scope(node: nodes.Node, name: str) -> bool:
    match node:
        case nodes.Call(function=nodes.Attribute(value=nodes.Name(id=owner), attribute=method)):
            return owner == name and method in _OF_SCOPES
    return False
