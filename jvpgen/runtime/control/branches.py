"""Branches: `cond` and `switch`. Every branch returns the tangents of all that moves in any."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax

from jvpgen.runtime.callables import carrying
from jvpgen.runtime.control.agreement import Agreement, agreed
from jvpgen.runtime.control.functions import Outcome, Twin, outcome, plain, pushed, twin
from jvpgen.runtime.pushing import push


def cond(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome | None:
    """`lax.cond(pred, true_fun, false_fun, *operands)`, or with an operand for each branch:
    `lax.cond(pred, true_operand, true_fun, false_operand, false_fun)`."""
    if len(args) == 5 and not kwargs and callable(plain(args[2])) and callable(plain(args[4])):
        pred, operands = plain(args[0]), [args[1], args[3]]
        branches = [_of_operand(args[2], 0), _of_operand(args[4], 1)]
    else:
        given, operands = _arguments(("pred", "true_fun", "false_fun"), args, kwargs)
        if given is None:
            return None
        pred, branches = plain(given["pred"]), [given["true_fun"], given["false_fun"]]
    return _branched(lambda made, *twins: jax.lax.cond(pred, *made, *twins), branches, operands)


def switch(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome | None:
    """`lax.switch(index, branches, *operands)`."""
    given, operands = _arguments(("index", "branches"), args, kwargs)
    if given is None:
        return None
    index, branches = plain(given["index"]), list(plain(given["branches"]))
    return _branched(lambda made, *twins: jax.lax.switch(index, made, *twins), branches, operands)


def _of_operand(f: Any, place: int) -> Any:
    """`f` of one of the operands, as a function of all of them."""
    return carrying(f, None, lambda held, operands, _: push(held.primal, [operands[place]], {}))


def _arguments(
    names: Sequence[str], args: list[Any], kwargs: Mapping[str, Any]
) -> tuple[dict[str, Any] | None, list[Any]]:
    """The arguments with these names, in whatever way they are given, and the operands; None for an unknown form."""
    given = {**dict(zip(names, args, strict=False)), **{name: kwargs[name] for name in names if name in kwargs}}
    operands = [*args[len(names) :], *([kwargs["operand"]] if "operand" in kwargs else [])]
    known = len(given) == len(names) and not set(kwargs) - {*names, "operand"}
    return (given if known else None), operands


def _branched(call: Callable[..., Twin], branches: Sequence[Any], operands: Sequence[Any]) -> Outcome:
    twins = [twin(operand) for operand in operands]
    results = Agreement()

    def derivative(f: Any) -> Callable[..., Twin]:
        def branch(*given: Twin) -> Twin:
            out, leaves = pushed(f, given)
            return out, results.met(out, leaves)

        return branch

    return agreed(lambda: outcome(call([derivative(f) for f in branches], *twins)))
