"""Solutions of equations: `lax.custom_root`, `lax.custom_linear_solve`, and JAX's iterative linear solvers.

The tangent solves the equation's derivative at the solution; how the solution was found does not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
from jax import lax
from jax.scipy.sparse import linalg

from jvpgen.runtime import regions
from jvpgen.runtime.callables import carrying
from jvpgen.runtime.control.functions import Outcome, bound, halves, plain, pushed
from jvpgen.runtime.leafwise import as_tree, instantiated, tangent_form
from jvpgen.runtime.pair import is_pair
from jvpgen.runtime.pushing import push
from jvpgen.runtime.zero import zero


def custom_root(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome | None:
    """`lax.custom_root(f, initial_guess, solve, tangent_solve, has_aux)`: where `f` is zero, its tangent is too."""
    given = bound(lax.custom_root, args, kwargs)
    f, has_aux = given["f"], bool(plain(given["has_aux"]))
    settings = {name: plain(value) for name, value in given.items()}
    with regions.plain():
        out = lax.custom_root(**settings)
    solution = out[0] if has_aux else out
    _, leaves = pushed(f, [(solution, None)])
    if all(leaf is None for leaf in leaves):
        return out, zero(out)
    with regions.plain():
        _, linear = jax.linearize(settings["f"], solution)
        found = settings["tangent_solve"](linear, _filled(solution, leaves))
    return _outcome(out, jax.tree.map(lambda leaf: -leaf, found), has_aux)


def custom_linear_solve(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome | None:
    """`lax.custom_linear_solve(matvec, b, solve, transpose_solve, symmetric, has_aux)`."""
    given = bound(lax.custom_linear_solve, args, kwargs)
    has_aux = bool(plain(given["has_aux"]))
    settings = {name: plain(value) for name, value in given.items() if name not in ("matvec", "b")}

    def solve(matvec: Any, b: Any) -> Any:
        return lax.custom_linear_solve(matvec, b, **settings)

    return _solved(solve, given["matvec"], given["b"], has_aux)


def iterative(solver: Callable[..., Any]) -> Callable[..., Outcome | None]:
    """The partner of `cg(A, b, x0, …)`, `bicgstab` or `gmres`: `A` is a function or a matrix."""

    def partner(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome | None:
        given = bound(solver, args, kwargs)
        settings = {name: plain(value) for name, value in given.items() if name not in ("A", "b")}
        operator, (matrix, _) = given["A"], halves(given["A"])

        def solve(matvec: Any, b: Any) -> Any:
            return solver(matvec if callable(matrix) else matrix, b, **settings)

        return _solved(solve, operator if callable(matrix) else _product(operator), given["b"], has_aux=True)

    return partner


def _product(matrix: Any) -> Any:
    """The product with a matrix, as a function that carries its tangent."""
    value, dot = matrix if is_pair(matrix) else (matrix, None)
    return carrying(value, dot, lambda held, given, _: push(jax.numpy.matmul, [held, *given], {}))


def _solved(solve: Callable[[Any, Any], Any], matvec: Any, b: Any, has_aux: bool) -> Outcome:
    """`A x = b`: the tangent is the solution for `b_dot - A_dot x`."""
    value, b_dot = halves(b)
    with regions.plain():
        out = solve(plain(matvec), value)
    solution = out[0] if has_aux else out
    _, product_dot = pushed(matvec, [(solution, None)])
    leaves = [_difference(a, c) for a, c in zip(b_dot, product_dot, strict=True)]
    if all(leaf is None for leaf in leaves):
        return out, zero(out)
    with regions.plain():
        found = solve(plain(matvec), _filled(value, leaves))
    return _outcome(out, found[0] if has_aux else found, has_aux)


def _filled(value: Any, leaves: list[Any]) -> Any:
    return as_tree(value, instantiated(leaves, value, [True] * len(leaves)))


def _difference(a: Any, b: Any) -> Any:
    return a if b is None else -b if a is None else a - b


def _outcome(out: Any, solution_dot: Any, has_aux: bool) -> Outcome:
    """A solution with its tangent; what comes with it, such as a number of steps, has none."""
    solution = out[0] if has_aux else out
    tangent = tangent_form(solution, jax.tree.leaves(solution_dot))
    return out, (tangent, zero(out[1])) if has_aux else tangent


ITERATIVE = (linalg.cg, linalg.bicgstab, linalg.gmres)
