"""Loops: `scan`, `while_loop`, `fori_loop`, `map`, `associative_scan`.

The tangent of a loop is the loop over (value, tangent): the pair goes through the same steps. What ends a `while_loop`
looks at values only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax

from jvpgen.runtime import regions
from jvpgen.runtime.control.agreement import Agreement, agreed, looped
from jvpgen.runtime.control.functions import Outcome, Twin, bound, halves, outcome, plain, pushed, twin


def scan(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    """`lax.scan(f, init, xs)`."""
    given = bound(jax.lax.scan, args, kwargs)
    f, (init, init_dot), inputs = given.pop("f"), halves(given.pop("init")), twin(given.pop("xs"))
    settings = {name: plain(value) for name, value in given.items()}
    carried, outputs = Agreement(), Agreement()

    def step(state: Twin, x: Twin) -> tuple[Twin, Twin]:
        out, leaves = pushed(f, [state, x])
        if not isinstance(out, tuple | list) or len(out) != 2:
            raise TypeError(f"scan: the body must return a pair (carry, y), got {type(out).__name__}")
        carry, y = out
        count = len(jax.tree.leaves(carry))
        return (carry, carried.met(carry, leaves[:count])), (y, outputs.met(y, leaves[count:]))

    def trace(start: Twin) -> Outcome:
        (carry, carry_dot), (ys, ys_dot) = map(outcome, jax.lax.scan(step, start, inputs, **settings))
        return (carry, ys), (carry_dot, ys_dot)

    return looped(trace, carried, init, init_dot)


def while_loop(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    """`lax.while_loop(cond_fun, body_fun, init_val)`."""
    given = bound(jax.lax.while_loop, args, kwargs)
    condition, body, (init, init_dot) = plain(given["cond_fun"]), given["body_fun"], halves(given["init_val"])
    carried = Agreement()

    @regions.plain()
    def goes_on(state: Twin) -> Any:
        return condition(state[0])

    def step(state: Twin) -> Twin:
        out, leaves = pushed(body, [state])
        return out, carried.met(out, leaves)

    def trace(start: Twin) -> Outcome:
        return outcome(jax.lax.while_loop(goes_on, step, start))

    return looped(trace, carried, init, init_dot)


def fori_loop(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    """`lax.fori_loop(lower, upper, body_fun, init_val)`."""
    given = bound(jax.lax.fori_loop, args, kwargs)
    lower, upper, unroll = (plain(given[name]) for name in ("lower", "upper", "unroll"))
    body, (init, init_dot) = given["body_fun"], halves(given["init_val"])
    carried = Agreement()

    def step(i: Any, state: Twin) -> Twin:
        out, leaves = pushed(body, [(i, None), state])
        return out, carried.met(out, leaves)

    def trace(start: Twin) -> Outcome:
        return outcome(jax.lax.fori_loop(lower, upper, step, start, unroll=unroll))

    return looped(trace, carried, init, init_dot)


def map_(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    """`lax.map(f, xs)`."""
    given = bound(jax.lax.map, args, kwargs)
    f, inputs, batch_size = given["f"], twin(given["xs"]), plain(given["batch_size"])
    outputs = Agreement()

    def step(x: Twin) -> Twin:
        out, leaves = pushed(f, [x])
        return out, outputs.met(out, leaves)

    return agreed(lambda: outcome(jax.lax.map(step, inputs, batch_size=batch_size)))


def associative_scan(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    """`lax.associative_scan(fn, elems)`: (value, tangent) combine as associatively as values do."""
    given = bound(jax.lax.associative_scan, args, kwargs)
    f, (elements, elements_dot) = given["fn"], halves(given["elems"])
    combined = Agreement()

    def combine(left: Twin, right: Twin) -> Twin:
        out, leaves = pushed(f, [left, right])
        return out, combined.met(out, leaves)

    def trace(start: Twin) -> Outcome:
        settings = {name: plain(given[name]) for name in ("reverse", "axis")}
        return outcome(jax.lax.associative_scan(combine, start, **settings))

    return looped(trace, combined, elements, elements_dot)
