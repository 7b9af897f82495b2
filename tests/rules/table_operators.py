"""Operators, methods and attributes of arrays."""

LINES = """
# --- Arithmetic
f(3) + f(3)
f(3, 1) + f(4)
f(3) + 1
2.5 + f(3)
f(3) + n(1, 2, 3)
f() + f(3)
f(3) - f(3)
f(3, 1) - f(4)
1 - f(3)
f(3) * f(3)
f(3, 1) * f(4)
f(3) * 2
2.5 * f(3)
f(3) * n(1, 2, 3)
f(3) / p(3)
f(3, 1) / p(4)
1 / p(3)
n(1, 2, 3) / p(3)
f(2, 3) @ f(3, 4)
f(5, 2, 3) @ f(3)
f(3) % p(3)
f(3, 1) % p(4)
f(3) % 1
f(3) // p(3)
p(3) ** f(3)
p(3, 1) ** f(4)
f(3) ** 2
f(3) ** 3
f(3) ** 4
f(3) ** 0
p(3) ** -1
p(3) ** 0.5
2 ** f(3)
v(0, 0, 0) ** n(0, 1, 2)
c(3) ** 2
-f(3)
+f(3)
c(3) + f(3)
c(3) * c(3)
c(3) / c(3)
# --- Indexing
f(5)[1]
f(5)[1:4]
f(5, 3)[..., None, 0]
f(5, 3)[n(0, 2, 2)]
f(5)[m(1, 0, 1, 0, 1)]
f(5)[n(0, 9)]
f(5, 3)[:, ::-1]
# --- Comparisons, logic, bits
f(3) < f(3)
f(3) <= 0
f(3) > 0
f(3) >= f(3)
f(3) == f(3)
f(3) != 0
f(3) is None
f(3) is not None
2 in (1, 2)
2 not in (1, 2)
not ()
m(1, 0) & m(1, 1)
m(1, 0) | m(1, 1)
m(1, 0) ^ m(1, 1)
n(1, 2) << 1
n(1, 2) >> 1
~m(1, 0)
# --- Methods: shape and copies
f(2, 3).reshape(3, 2)
f(2, 3).reshape((3, 2))
f(2, 3).reshape(-1, order="F")
f(2, 3).ravel()
f(2, 3).flatten()
f(1, 3).squeeze()
f(1, 3).squeeze(axis=0)
f(2, 3, 4).transpose()
f(2, 3, 4).transpose(1, 0, 2)
f(2, 3, 4).transpose((1, 0, 2))
f(2, 3).swapaxes(0, 1)
f(3).repeat(2)
f(2, 3).repeat(2, axis=1)
f(3, 3).diagonal()
f(3).copy()
f(2, 3).T
f(2, 3, 4).mT
# --- Methods: numbers
f(3).astype(jnp.float32)
f(3).astype(jnp.int32)
f(3).astype(bool)
n(1, 2).astype(jnp.float32)
f(3).conj()
c(3).conj()
c(3).conjugate()
c(3).real
c(3).imag
f(3).real
f(3).clip(0, 1)
f(3).clip(min=f(3))
# --- Methods: reductions
f(2, 3).sum()
f(2, 3).sum(axis=1, keepdims=True)
f(2, 3).sum(0, initial=3.0)
f(2, 3).mean()
f(2, 3).mean(-1, keepdims=True)
f(3, 3).trace()
f(2, 3).cumsum(axis=1)
f(2, 3).prod(axis=1)
f(2, 3).cumprod(axis=1)
f(2, 3).max()
f(2, 3).max(axis=1, keepdims=True)
f(2, 3).min(axis=1)
f(2, 3).var(axis=1)
f(2, 3).std(axis=1, ddof=1)
f(2, 3).dot(f(3, 2))
# --- Methods: reading, sorting, writing
f(5).take(n(0, 2))
f(5, 3).take(n(0, 7), axis=0)
f(5).sort()
f(5).at[n(0, 9)].get(mode="fill", fill_value=2.0)
f(5).at[n(0, 9)].get(mode="fill")
f(5).at[1:3].get()
f(5).at[1].set(f())
f(5).at[1:3].set(f(2))
f(5, 3).at[n(0, 2), 1].set(f(2))
f(5).at[1].set(0.0)
f(5, 3).at[..., 0].add(f(5))
f(5).at[n(0, 0)].add(f(2))
f(5).at[9].add(1.0)
f(5).at[1:3].subtract(f(2))
f(5).at[1:3].multiply(f(2))
f(5).at[n(0, 2)].multiply(f(2), unique_indices=True)
f(5).at[n(0, 0)].mul(2.0)
f(5).at[1:3].divide(p(2))
# --- Methods and attributes without tangent
f(2, 3).shape
f(2, 3).dtype
f(2, 3).ndim
f(2, 3).size
f(2, 3).itemsize
f(2, 3).nbytes
f(2, 3).weak_type
f(2, 3).sharding  # not float64 float32 float16 bfloat16: a tracer has none
f(2, 3).argmax()
f(2, 3).argmin(axis=1)
f(5).argsort()
m(1, 0).any()
m(1, 0).all()
m(1, 0).nonzero()
m(1, 0).nonzero(size=3, fill_value=7)
v(1, 2).searchsorted(f(3))
f(3).round(1)
"""
