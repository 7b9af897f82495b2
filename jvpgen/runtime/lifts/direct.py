"""Lifted functions that are called with a module: `nn.cond`, `nn.switch`, `nn.while_loop`, and derivatives.

Flax's function is called once, with functions of twins in place of the user's: inside, the module's clone and Pairs go
to the derivative.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import flax.linen as nn

from jvpgen.runtime import regions
from jvpgen.runtime.control.agreement import Agreement, agreed, looped
from jvpgen.runtime.control.functions import Outcome, Twin, bound, halves, outcome, plain, pushed_call, twin
from jvpgen.runtime.fields import taken_along
from jvpgen.runtime.lifts import derivatives
from jvpgen.runtime.lifts.calls import of_module
from jvpgen.runtime.lifts.filters import with_shadows
from jvpgen.runtime.lifts.state import Shadows
from jvpgen.runtime.shadows import suffix_of


def cond(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    """`nn.cond(pred, true_fun, false_fun, mdl, *operands)`."""
    given = bound(nn.cond, args, kwargs)
    pred, branches = plain(given["pred"]), [given["true_fun"], given["false_fun"]]
    return _branched(lambda made, *rest, **filters: nn.cond(pred, *made, *rest, **filters), branches, given)


def switch(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    """`nn.switch(index, branches, mdl, *operands)`."""
    given = bound(nn.switch, args, kwargs)
    index, branches = plain(given["index"]), list(plain(given["branches"]))
    return _branched(lambda made, *rest, **filters: nn.switch(index, made, *rest, **filters), branches, given)


def _branched(call: Callable[..., Twin], branches: list[Any], given: Mapping[str, Any]) -> Outcome:
    module = plain(given["mdl"])
    twins = [twin(operand) for operand in given["operands"]]
    results, state = Agreement(), Shadows(True)

    def derivative(f: Any) -> Callable[..., Twin]:
        def branch(inner: Any, *operands: Twin) -> Twin:
            with state.around([inner.scope]):
                out, leaves = pushed_call(*of_module(f, taken_along(inner, module)), operands)
            return out, results.met(out, leaves)

        return branch

    variables = with_shadows(given["variables"], suffix_of(module.scope))

    def trace() -> Outcome:
        made = [derivative(f) for f in branches]
        with regions.plain():
            return outcome(call(made, module, *twins, variables=variables, rngs=given["rngs"]))

    return agreed(trace, [module.scope])


def while_loop(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    """`nn.while_loop(cond_fn, body_fn, mdl, init, …)`."""
    given = bound(nn.while_loop, args, kwargs)
    module, condition, body = plain(given["mdl"]), given["cond_fn"], given["body_fn"]
    init, init_dot = halves(given["init"])
    carried, state = Agreement(), Shadows(given["carry_variables"])
    suffix = suffix_of(module.scope)
    filters = {name: with_shadows(given[name], suffix) for name in ("carry_variables", "broadcast_variables")}

    def goes_on(inner: Any, carry: Twin) -> Any:
        target, first = of_module(condition, inner)
        return plain(target)(*first, carry[0])

    def step(inner: Any, carry: Twin) -> Twin:
        with state.around([inner.scope]):
            out, leaves = pushed_call(*of_module(body, taken_along(inner, module)), [carry])
        return out, carried.met(out, leaves)

    def trace(start: Twin) -> Outcome:
        state.begun([module.scope])
        with regions.plain():
            made = nn.while_loop(goes_on, step, module, start, **filters, split_rngs=given["split_rngs"])
        return outcome(made)

    return looped(trace, carried, init, init_dot, [module.scope])


DIRECT: Mapping[int, Callable[[list[Any], Mapping[str, Any]], Outcome | None]] = {
    id(nn.cond): cond,
    id(nn.switch): switch,
    id(nn.while_loop): while_loop,
    id(nn.jvp): derivatives.jvp,
    id(nn.vjp): derivatives.vjp,
    id(nn.value_and_grad): derivatives.value_and_grad,
    id(nn.grad): derivatives.grad,
}
