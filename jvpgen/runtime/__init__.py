"""What generated code calls. Imports JAX and Flax."""

from jvpgen.runtime import tangent_lax, tangent_numpy
from jvpgen.runtime.apply import apply_jvp
from jvpgen.runtime.fields import field
from jvpgen.runtime.function import function_jvp
from jvpgen.runtime.jvp import scope_jvp
from jvpgen.runtime.pair import Pair, pairs
from jvpgen.runtime.pushforward import pushforward
from jvpgen.runtime.registry import body, opaque
from jvpgen.runtime.structures import Method
from jvpgen.runtime.variables import param, variable, variables_of
from jvpgen.runtime.zero import Zero, zero

__all__ = [
    "Method",
    "Pair",
    "Zero",
    "apply_jvp",
    "body",
    "field",
    "function_jvp",
    "opaque",
    "pairs",
    "param",
    "pushforward",
    "scope_jvp",
    "tangent_lax",
    "tangent_numpy",
    "variable",
    "variables_of",
    "zero",
]
