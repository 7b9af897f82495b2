"""Products of matrices and tensors, convolutions, norms, transforms."""

from jvpgen.rules.rule import call, linear, multilinear, rule, rules

RULES = rules(
    # --- Products -----------------------------------------------------------------------------------------------------
    multilinear(
        "jnp.matmul(a, b, *, precision, preferred_element_type, out_sharding)",
        "jnp.dot(a, b, *, precision, preferred_element_type, out_sharding)",
        "jnp.vdot(a, b, *, precision, preferred_element_type)",
        "jnp.vecdot(x1, x2, *, axis, precision, preferred_element_type)",
        "jnp.matvec(x1, x2)",
        "jnp.vecmat(x1, x2)",
        "jnp.inner(a, b, *, precision, preferred_element_type)",
        "jnp.outer(a, b, out)",
        "jnp.kron(a, b)",
        "jnp.cross(a, b, axisa, axisb, axisc, axis)",
        "jnp.tensordot(a, b, axes, *, precision, preferred_element_type, out_sharding)",
        "lax.dot(lhs, rhs, *, dimension_numbers, precision, preferred_element_type, out_sharding)",
        "lax.dot_general(lhs, rhs, dimension_numbers, precision, preferred_element_type, *, out_sharding)",
        "lax.batch_matmul(lhs, rhs, precision)",
    ),
    multilinear(
        "jnp.einsum(subscripts=0, *operands, out, optimize, precision, preferred_element_type, _dot_general, "
        "out_sharding)",
        tensors="operands",
    ),
    multilinear("jnp.linalg.multi_dot(arrays, *, precision)", tensors="arrays"),
    # --- Convolutions -------------------------------------------------------------------------------------------------
    multilinear(
        "lax.conv(lhs, rhs, window_strides, padding, precision, preferred_element_type)",
        "lax.conv_general_dilated(lhs, rhs, window_strides, padding, lhs_dilation, rhs_dilation, dimension_numbers, "
        "feature_group_count, batch_group_count, precision, preferred_element_type, out_sharding)",
        "lax.conv_with_general_padding(lhs, rhs, window_strides, padding, lhs_dilation, rhs_dilation, precision, "
        "preferred_element_type)",
        "lax.conv_transpose(lhs, rhs, strides, padding, rhs_dilation, dimension_numbers, transpose_kernel, precision, "
        "preferred_element_type, use_consistent_padding)",
        "lax.conv_general_dilated_local(lhs, rhs, window_strides, padding, filter_shape, lhs_dilation, rhs_dilation, "
        "dimension_numbers, precision)",
        "jnp.convolve(a, v, mode, *, precision, preferred_element_type)",
        "jnp.correlate(a, v, mode, *, precision, preferred_element_type)",
    ),
    linear(
        "lax.conv_general_dilated_patches(lhs, filter_shape, window_strides, padding, lhs_dilation, rhs_dilation, "
        "dimension_numbers, precision, preferred_element_type)",
    ),
    # --- Norms and inverses -------------------------------------------------------------------------------------------
    call("jnp.linalg.norm(x, ord, axis, keepdims)", "norm_jvp"),
    rule("jnp.linalg.inv(a)", a_dot="-out @ a_dot @ out"),
    rule(
        "jnp.linalg.solve(a, b)",
        a_dot="-jnp.linalg.solve(a, a_dot @ out)",
        b_dot="jnp.linalg.solve(a, b_dot)",
    ),
    # --- Determinants, factors, eigenvalues ---------------------------------------------------------------------------
    call("jnp.linalg.slogdet(a, *, method)", "slogdet_jvp"),
    call("jnp.linalg.cholesky(a, *, upper, symmetrize_input)", "cholesky_jvp"),
    call("jax.scipy.linalg.cholesky(a, lower, overwrite_a, check_finite)", "scipy_cholesky_jvp"),
    call(
        "jax.scipy.linalg.solve_triangular(a, b, trans, lower, unit_diagonal, overwrite_b, debug, check_finite)",
        "solve_triangular_jvp",
        tensors="a b",
    ),
    call("jnp.linalg.eigh(a, UPLO)", "eigh_jvp"),
    call("jnp.linalg.eigvalsh(a, UPLO)", "eigvalsh_jvp"),
    # --- Densities ----------------------------------------------------------------------------------------------------
    call("jax.scipy.stats.norm.logpdf(x, loc, scale)", "norm_logpdf_jvp", tensors="x loc scale"),
    # --- Fourier transforms -------------------------------------------------------------------------------------------
    linear(
        "jnp.fft.fft(a, n, axis, norm)",
        "jnp.fft.ifft(a, n, axis, norm)",
        "jnp.fft.fft2(a, s, axes, norm)",
        "jnp.fft.ifft2(a, s, axes, norm)",
        "jnp.fft.fftn(a, s, axes, norm)",
        "jnp.fft.ifftn(a, s, axes, norm)",
        "jnp.fft.rfft(a, n, axis, norm)",
        "jnp.fft.irfft(a, n, axis, norm)",
        "jnp.fft.rfft2(a, s, axes, norm)",
        "jnp.fft.irfft2(a, s, axes, norm)",
        "jnp.fft.rfftn(a, s, axes, norm)",
        "jnp.fft.irfftn(a, s, axes, norm)",
        "jnp.fft.hfft(a, n, axis, norm)",
        "jnp.fft.ihfft(a, n, axis, norm)",
        "jnp.fft.fftshift(x, axes)",
        "jnp.fft.ifftshift(x, axes)",
    ),
)
