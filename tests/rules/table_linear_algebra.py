"""Products, convolutions, norms, Fourier transforms."""

_CONV = 'dimension_numbers=("NHWC", "HWIO", "NHWC")'

LINES = f"""
# --- Products
jnp.matmul(f(2, 3), f(3, 4))
jnp.matmul(f(5, 2, 3), f(3, 4))
jnp.matmul(f(3), f(3))
jnp.matmul(f(2, 3), f(3, 4), precision="highest", preferred_element_type=jnp.float32)
jnp.dot(f(2, 3), f(3, 4))
jnp.dot(f(3), f(3))
jnp.dot(f(), f(3))
jnp.dot(f(2, 3), f(3), precision=lax.Precision.HIGHEST)
jnp.vdot(f(3), f(3))
jnp.vdot(c(3), c(3))
jnp.vecdot(f(2, 3), f(2, 3))
jnp.vecdot(c(2, 3), c(2, 3), axis=0)
jnp.matvec(f(2, 3), f(3))
jnp.vecmat(f(2), f(2, 3))
jnp.inner(f(2, 3), f(4, 3))
jnp.outer(f(3), f(4))
jnp.kron(f(2, 2), f(1, 3))
jnp.cross(f(4, 3), f(4, 3))
jnp.cross(f(3), f(2, 3))
jnp.tensordot(f(2, 3, 4), f(3, 4), axes=2)
jnp.tensordot(f(2, 3), f(3, 2), axes=((0, 1), (1, 0)))
lax.dot(f(2, 3), f(3, 4))
lax.dot_general(f(2, 3), f(3, 4), (((1,), (0,)), ((), ())))
lax.dot_general(f(5, 2, 3), f(5, 3, 4), (((2,), (1,)), ((0,), (0,))), preferred_element_type=jnp.float32)
lax.batch_matmul(f(5, 2, 3), f(5, 3, 4))
jnp.einsum("ij,jk->ik", f(2, 3), f(3, 4))
jnp.einsum("...i,i->...", f(2, 3), f(3))
jnp.einsum("i,j,k->ijk", f(2), f(3), f(2))
jnp.einsum("ii->i", f(3, 3))
jnp.einsum("ij,jk->ik", f(2, 3), f(3, 4), precision="highest", optimize=True, preferred_element_type=jnp.float32)
jnp.einsum("ij,jk->ik", f(2, 3), f(3, 4), _dot_general=lax.dot_general)
jnp.einsum("i,ij,j->", *[f(2), f(2, 3), f(3)])
jnp.linalg.multi_dot([f(2, 3), f(3, 4), f(4, 2)])
# --- Convolutions
lax.conv(f(1, 2, 4, 4), f(3, 2, 2, 2), (1, 1), "SAME")
lax.conv_general_dilated(f(1, 4, 4, 2), f(2, 2, 2, 3), (1, 1), "SAME", {_CONV})
lax.conv_general_dilated(f(1, 4, 4, 2), f(2, 2, 1, 4), (2, 2), "VALID", feature_group_count=2, {_CONV})
lax.conv_with_general_padding(f(1, 2, 4, 4), f(3, 2, 2, 2), (1, 1), ((0, 1), (1, 0)), (1, 1), (1, 1))
lax.conv_transpose(f(1, 3, 3, 2), f(2, 2, 2, 3), (2, 2), "SAME")
lax.conv_transpose(f(1, 3, 3, 2), f(2, 2, 3, 2), (2, 2), "VALID", transpose_kernel=True)
lax.conv_general_dilated_local(f(1, 4, 4, 2), f(3, 3, 8, 3), (1, 1), "VALID", (2, 2), {_CONV})
lax.conv_general_dilated_patches(f(1, 2, 4, 4), (2, 2), (1, 1), "VALID")
jnp.convolve(f(5), f(3), mode="same")
jnp.correlate(f(5), f(3))
jnp.correlate(c(5), c(3))
# --- Norms and inverses
jnp.linalg.norm(f(3))
jnp.linalg.norm(f(2, 3))
jnp.linalg.norm(f(2, 3), axis=-1, keepdims=True)
jnp.linalg.norm(f(2, 3), axis=0)
jnp.linalg.norm(c(2, 3), axis=-1)
jnp.linalg.norm(v(0, 0, 0))
jnp.linalg.norm(f(2, 3), ord=1, axis=1)
jnp.linalg.norm(v(0, 1, -1), ord=1)
jnp.linalg.norm(f(2, 3), ord=3, axis=1)
jnp.linalg.norm(f(2, 3), ord=0, axis=1)
jnp.linalg.norm(f(2, 3), ord=jnp.inf, axis=1)
jnp.linalg.norm(v(1, -1, 0), ord=jnp.inf)
jnp.linalg.norm(f(2, 3), ord=-jnp.inf, axis=0)
jnp.linalg.norm(f(2, 3), ord="fro", axis=(0, 1), keepdims=True)
jnp.linalg.norm(f(4, 2, 3), axis=(1, 2))
jnp.linalg.norm(f(2, 3), ord=1)
jnp.linalg.norm(f(2, 3), ord=-1, keepdims=True)
jnp.linalg.norm(f(2, 3), ord=jnp.inf)
jnp.linalg.norm(f(2, 3), ord=-jnp.inf)
jnp.linalg.norm(f(2, 3), ord="nuc")  # not bfloat16: no singular values of halves
jnp.linalg.norm(f(2, 3, 4), ord=2, axis=(0, 2))  # not bfloat16: no singular values of halves
jnp.linalg.norm(f(2, 3), ord=-2)  # not bfloat16: no singular values of halves
jnp.linalg.inv(f(3, 3) + 3 * jnp.eye(3, dtype=dtype))  # not bfloat16: no LU of halves
jnp.linalg.solve(f(3, 3) + 3 * jnp.eye(3, dtype=dtype), f(3))  # not bfloat16: no LU of halves
jnp.linalg.solve(f(2, 3, 3) + 3 * jnp.eye(3, dtype=dtype), f(2, 3, 2))  # not bfloat16: no LU of halves
# --- Determinants, factors, eigenvalues
jnp.linalg.slogdet(f(3, 3) + 5 * jnp.eye(3, dtype=dtype))  # not bfloat16: no LU of halves
jnp.linalg.slogdet(f(2, 3, 3) + 5 * jnp.eye(3, dtype=dtype))  # not bfloat16: no LU of halves
jnp.linalg.slogdet(f(3, 3) + 5 * jnp.eye(3, dtype=dtype), method="qr")  # not bfloat16: no LU of halves
jnp.linalg.slogdet(c(3, 3) + 5 * jnp.eye(3))
jnp.linalg.cholesky(f(3, 3) + 5 * jnp.eye(3, dtype=dtype))  # not bfloat16: no halves
jnp.linalg.cholesky(f(2, 3, 3) + 5 * jnp.eye(3, dtype=dtype), upper=True)  # not bfloat16: no halves
jnp.linalg.cholesky(f(3, 3) + 5 * jnp.eye(3, dtype=dtype), symmetrize_input=False)  # not bfloat16: no halves
jnp.linalg.cholesky(c(3, 3) + 5 * jnp.eye(3))
jnp.linalg.cholesky(c(3, 3) + 5 * jnp.eye(3), upper=True)
jax.scipy.linalg.cholesky(f(3, 3) + 5 * jnp.eye(3, dtype=dtype))  # not bfloat16: no halves
jax.scipy.linalg.cholesky(f(3, 3) + 5 * jnp.eye(3, dtype=dtype), lower=True)  # not bfloat16: no halves
jax.scipy.linalg.cholesky(c(3, 3) + 5 * jnp.eye(3))
jax.scipy.linalg.solve_triangular(2 + u(3, 3), f(3))  # not bfloat16: no halves
jax.scipy.linalg.solve_triangular(2 + u(3, 3), f(3, 2), lower=True)  # not bfloat16: no halves
jax.scipy.linalg.solve_triangular(2 + u(3, 3), f(3, 2), trans=1, unit_diagonal=True)  # not bfloat16: no halves
jax.scipy.linalg.solve_triangular(2 + u(3, 3), f(3), "T", True)  # not bfloat16: no halves
jax.scipy.linalg.solve_triangular(c(3, 3) + 5 * jnp.eye(3), c(3), trans="C", lower=True)
jax.scipy.linalg.solve_triangular(c(3, 3) + 5 * jnp.eye(3), c(3), trans=2)
jax.scipy.linalg.solve_triangular(2 + u(2, 3, 3), f(2, 3, 2), lower=True)  # not bfloat16: no halves
jnp.linalg.eigh(f(3, 3) + 5 * jnp.eye(3, dtype=dtype))  # not bfloat16: no halves
jnp.linalg.eigh(f(2, 3, 3) + 5 * jnp.eye(3, dtype=dtype))  # not bfloat16: no halves
jnp.linalg.eigh(f(3, 3) + 5 * jnp.eye(3, dtype=dtype), "U")  # not bfloat16: no halves
jnp.linalg.eigh(c(3, 3) + 5 * jnp.eye(3))
jnp.linalg.eigvalsh(f(3, 3) + 5 * jnp.eye(3, dtype=dtype))  # not bfloat16: no halves
jnp.linalg.eigvalsh(f(2, 3, 3) + 5 * jnp.eye(3, dtype=dtype), UPLO="U")  # not bfloat16: no halves
# --- Densities
jax.scipy.stats.norm.logpdf(f(3))
jax.scipy.stats.norm.logpdf(f(2, 3), f(3), p(2, 1))
jax.scipy.stats.norm.logpdf(f(3), 0.5, scale=p())
jax.scipy.stats.norm.logpdf(f(), scale=2.0)
# --- Fourier transforms
jnp.fft.fft(c(4))
jnp.fft.fft(f(4), n=6)  # not bfloat16: no transform of halves
jnp.fft.ifft(c(4))
jnp.fft.fft2(c(3, 4))
jnp.fft.ifft2(c(3, 4))
jnp.fft.fftn(c(3, 4), axes=(0,))
jnp.fft.ifftn(c(3, 4))
jnp.fft.rfft(f(4), norm="ortho")  # not bfloat16: no transform of halves
jnp.fft.irfft(c(3))
jnp.fft.rfft2(f(3, 4))  # not bfloat16: no transform of halves
jnp.fft.irfft2(c(3, 3))
jnp.fft.rfftn(f(3, 4))  # not bfloat16: no transform of halves
jnp.fft.irfftn(c(3, 3))
jnp.fft.hfft(c(3))
jnp.fft.ihfft(f(4))  # not bfloat16: no transform of halves
jnp.fft.fftshift(f(5))
jnp.fft.ifftshift(f(5))
"""
