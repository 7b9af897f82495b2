"""Determinants, factors and eigenvalues of matrices.

The formulas are those of M. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic
differentiation" (2008).
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from jvpgen.runtime.formulas.sums import total
from jvpgen.runtime.linear_calls import fitted
from jvpgen.runtime.zero import is_zero, zero


def slogdet_jvp(a: Any, a_dot: Any, *, method: str | None = None) -> tuple[Any, Any]:
    """`jnp.linalg.slogdet`: with t = tr(a⁻¹ a_dot), the logarithm moves by re t, the sign by i · im t · sign."""
    out = jnp.linalg.slogdet(a, method=method)
    if is_zero(a_dot):
        return out, type(out)(zero(out.sign), zero(out.logabsdet))
    relative = jnp.trace(jnp.linalg.solve(a, a_dot), axis1=-2, axis2=-1)
    if not jnp.iscomplexobj(relative):
        return out, type(out)(zero(out.sign), relative)
    return out, type(out)(1j * jnp.imag(relative) * out.sign, jnp.real(relative))


def cholesky_jvp(a: Any, a_dot: Any, *, upper: bool = False, symmetrize_input: bool = True) -> tuple[Any, Any]:
    """`jnp.linalg.cholesky`: L Φ(L⁻¹ a_dot L⁻ᴴ), Φ taking the lower triangle and half of the diagonal."""
    out = jnp.linalg.cholesky(a, upper=upper, symmetrize_input=symmetrize_input)
    if is_zero(a_dot):
        return out, zero(out)
    a_dot = _hermitian_part(a_dot) if symmetrize_input else a_dot
    return out, _adjoint(_factor_tangent(_adjoint(out), a_dot)) if upper else _factor_tangent(out, a_dot)


def scipy_cholesky_jvp(
    a: Any, a_dot: Any, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True
) -> tuple[Any, Any]:
    """`jax.scipy.linalg.cholesky`: as `jnp.linalg.cholesky`, with the factor Lᴴ unless `lower`."""
    out = jax.scipy.linalg.cholesky(a, lower, overwrite_a, check_finite)
    if is_zero(a_dot):
        return out, zero(out)
    return out, _factor_tangent(out, a_dot) if lower else _adjoint(_factor_tangent(_adjoint(out), _adjoint(a_dot)))


def _factor_tangent(lower: Any, a_dot: Any) -> Any:
    """The tangent of the lower factor: L Φ(L⁻¹ a_dot L⁻ᴴ)."""
    half_solved = jax.lax.linalg.triangular_solve(lower, a_dot, left_side=True, lower=True)
    inner = jax.lax.linalg.triangular_solve(
        lower, half_solved, left_side=False, lower=True, transpose_a=True, conjugate_a=True
    )
    eye = jnp.eye(lower.shape[-1], dtype=bool)
    return lower @ jnp.tril(jnp.where(eye, inner / 2, inner))


def solve_triangular_jvp(
    a: Any,
    a_dot: Any,
    b: Any,
    b_dot: Any = None,
    trans: int | str = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
    **options: Any,
) -> tuple[Any, Any]:
    """`jax.scipy.linalg.solve_triangular`, T⁻¹ b: T⁻¹ (b_dot - T_dot out), T_dot being the triangle of a_dot."""

    def solved(right: Any) -> Any:
        return jax.scipy.linalg.solve_triangular(a, right, trans, lower, unit_diagonal, **options)

    out = solved(b)
    if is_zero(a_dot):
        return out, zero(out) if is_zero(b_dot) else solved(b_dot)
    strict = 1 if unit_diagonal else 0
    triangle = jnp.tril(a_dot, -strict) if lower else jnp.triu(a_dot, strict)
    triangle = {0: triangle, "N": triangle, 1: triangle.mT, "T": triangle.mT}.get(trans, _adjoint(triangle))
    moved = triangle @ out if out.ndim == a.ndim else (triangle @ out[..., None])[..., 0]
    return out, solved(-moved if is_zero(b_dot) else b_dot - moved)


def eigh_jvp(a: Any, a_dot: Any, UPLO: str | None = None) -> tuple[Any, Any]:
    """`jnp.linalg.eigh`: with P = Vᴴ a_dot V, the eigenvalues w move by diag P, and V by V (F ∘ P).

    Fᵢⱼ = 1 / (wⱼ - wᵢ), and 0 on the diagonal.
    """
    out = jnp.linalg.eigh(a, UPLO)
    values, vectors = out
    if is_zero(a_dot):
        return out, type(out)(zero(values), zero(vectors))
    projected = _adjoint(vectors) @ _hermitian_part(a_dot) @ vectors
    eye = jnp.eye(values.shape[-1], dtype=values.dtype)
    weights = 1 / (eye + values[..., None, :] - values[..., :, None]) - eye
    values_dot = jnp.real(jnp.diagonal(projected, axis1=-2, axis2=-1))
    return out, type(out)(values_dot, vectors @ (weights * projected))


def eigvalsh_jvp(a: Any, a_dot: Any, UPLO: str | None = "L") -> tuple[Any, Any]:
    """`jnp.linalg.eigvalsh`: diag(Vᴴ a_dot V), V being the eigenvectors."""
    out = jnp.linalg.eigvalsh(a, UPLO)
    return out, zero(out) if is_zero(a_dot) else eigh_jvp(a, a_dot, UPLO)[1].eigenvalues


def norm_logpdf_jvp(
    x: Any, x_dot: Any, loc: Any = 0, loc_dot: Any = None, scale: Any = 1, scale_dot: Any = None
) -> tuple[Any, Any]:
    """`jax.scipy.stats.norm.logpdf`: with z = (x - loc) / scale, (z (loc_dot - x_dot) + (z² - 1) scale_dot) / scale."""
    out = jax.scipy.stats.norm.logpdf(x, loc, scale)
    standard = (x - loc) / scale
    slope = standard / scale
    return out, total(out, (x_dot, -slope), (loc_dot, slope), (scale_dot, (standard**2 - 1) / scale))


def _adjoint(a: Any) -> Any:
    return jnp.conj(a.mT)


def _hermitian_part(a: Any) -> Any:
    return fitted((a + _adjoint(a)) / 2, a)
