"""jvpgen: forward-mode derivatives of flax.linen modules, written as code.

Importing this package imports neither JAX nor Flax; the functions that need them are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jvpgen.marking import derive
from jvpgen.version import __version__

if TYPE_CHECKING:
    from jvpgen.runtime.apply import apply_jvp
    from jvpgen.runtime.errors import NotGenerated, NotGeneratedWarning, StaleDerivative
    from jvpgen.runtime.jvp import jvp
    from jvpgen.runtime.transform import transform
    from jvpgen.runtime.user_rules import linear, multilinear, no_tangent, rule

__all__ = [
    "NotGenerated",
    "NotGeneratedWarning",
    "StaleDerivative",
    "__version__",
    "apply_jvp",
    "derive",
    "jvp",
    "linear",
    "multilinear",
    "no_tangent",
    "rule",
    "transform",
]

_LAZY = {
    "apply_jvp": "jvpgen.runtime.apply",
    "jvp": "jvpgen.runtime.jvp",
    "linear": "jvpgen.runtime.user_rules",
    "multilinear": "jvpgen.runtime.user_rules",
    "no_tangent": "jvpgen.runtime.user_rules",
    "rule": "jvpgen.runtime.user_rules",
    "transform": "jvpgen.runtime.transform",
    "NotGenerated": "jvpgen.runtime.errors",
    "NotGeneratedWarning": "jvpgen.runtime.errors",
    "StaleDerivative": "jvpgen.runtime.errors",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'jvpgen' has no attribute {name!r}")
    import importlib

    value = globals()[name] = getattr(importlib.import_module(_LAZY[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
