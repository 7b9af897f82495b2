"""What a Module class declares: fields, submodules, variables by collection, streams of random keys; all from its text.

declarations = declarations_of(definition, reach)
declarations.collections()["params"]      # (DeclaredVariable(path="Dense_0/kernel", shape="(inputs.shape[-1], 4)"), …)
as_dict(declarations)                     # for `jvpgen inspect --output-format json`
"""

from jvpgen.ir.declarations.analysis import declarations_of
from jvpgen.ir.declarations.record import Declarations, DeclaredVariable, RngStream, Submodule, as_dict
from jvpgen.ir.declarations.walk import Shared

__all__ = ["Declarations", "DeclaredVariable", "RngStream", "Shared", "Submodule", "as_dict", "declarations_of"]
