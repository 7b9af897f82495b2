"""What the types of parameters say of modules."""

from __future__ import annotations

from jvpgen.analysis.environment import Environment
from jvpgen.analysis.instances import UNKNOWN_CLASS
from jvpgen.ir import nodes
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
            name: str | None = text.strip("'\"")
        case None:
            return None
        case _:
            name = dotted(annotation)
    for qualified in (environment.global_name(name), name) if name else ():
        if qualified is not None and environment.kind(qualified) == "module_class":
            return UNKNOWN_CLASS if qualified in (MODULE, "flax.linen.Module") else qualified
    return None
