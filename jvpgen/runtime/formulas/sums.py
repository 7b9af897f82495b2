"""What the formulas share: sums of terms in which a tangent may be absent, with the shape and dtype of the result."""

from __future__ import annotations

from typing import Any

from jvpgen.runtime.linear_calls import fitted
from jvpgen.runtime.zero import is_zero, zero


def total(out: Any, *terms: tuple[Any, Any]) -> Any:
    """The sum of `tangent * weight` over the terms that have a tangent, fitted to `out`; a zero if none has.

    A weight of None is 1.
    """
    products = [tangent if weight is None else tangent * weight for tangent, weight in terms if not is_zero(tangent)]
    if not products:
        return zero(out)
    return fitted(sum(products[1:], products[0]), out)
