"""JAX's own higher-order functions over generated code: loops, branches, `vmap` and their kin.

Each partner takes the arguments of its function, active ones as Pairs, and returns value and tangent: JAX's function is
called once, over values and tangents together. What a function argument does to tangents is its own derivative's
business (`pushforward`). A form of call that a partner does not know gives None, and goes down the ladder.
"""

from jvpgen.runtime.control.partners import by_control

__all__ = ["by_control"]
