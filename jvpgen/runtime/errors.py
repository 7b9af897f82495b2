"""The errors that a user of generated code can meet. No JAX here: `import jvpgen` stays light."""

from __future__ import annotations

from typing import Any


class NotGenerated(LookupError):
    """There is no generated derivative for a module or function; the message names the command that makes it."""


class NotGeneratedWarning(UserWarning):
    """Inside `jvpgen.jvp`, a module or function without a derivative of its own runs as in `flax.linen.jvp`."""


class StaleDerivative(RuntimeError):
    """The source has changed since its derivative was generated; the message names the command that renews it."""


class LostTangent(RuntimeError):
    """A tangent would have been dropped. jvpgen stops rather than return a wrong derivative."""


class UnknownTangent(LostTangent):
    """An attribute of a module was asked for its tangent, and the module's `setup` has no generated code to say it."""

    def __init__(self, message: str, module: Any) -> None:
        super().__init__(message)
        self.module = module
