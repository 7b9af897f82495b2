"""Flax's lifted transforms over generated code: the shadow collections, and the tangents of arguments, go along.

`relifted` takes a lifted method or function apart, as Flax has put it together, and puts it together again around
partners of Flax's transforms (`transforms`); `direct` has the partners of `nn.cond` and the like, which are called with
a module. Each calls Flax's own transform once, over variables and shadows, values and tangents.
"""

from jvpgen.runtime.lifts.direct import DIRECT
from jvpgen.runtime.lifts.relifted import is_lifted, relifted

__all__ = ["DIRECT", "is_lifted", "relifted"]
