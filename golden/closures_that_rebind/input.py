"""Nested functions that bind names of the function around them again: `nonlocal`."""
# size: 6

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


def twice(f, x):
    return f(f(x))


def each(f, xs):
    for x in xs:
        f(x)


@jvpgen.derive
class Totals(nn.Module):
    @nn.compact
    def __call__(self, x):
        total = 0.0
        count = 0

        def add(v):
            nonlocal total, count
            total = total + jnp.sin(v)
            count += 1
            return v * 2

        for i in range(3):
            x = add(x)
        return total * count + x


@jvpgen.derive
class Nested(nn.Module):
    @nn.compact
    def __call__(self, x):
        h = x

        def outer():
            def inner(k):
                nonlocal h
                h = h * k + x

            inner(2)
            inner(x)
            return h

        y = outer()
        h += y
        return jnp.sin(h) * y


@jvpgen.derive
class Ticks(nn.Module):
    @nn.compact
    def __call__(self, x):
        state = jnp.zeros(3)

        def tick():
            nonlocal state
            state = jnp.sin(state + x[0])
            return state

        outs = [tick() for _ in range(3)]
        return jnp.stack(outs) * state


@jvpgen.derive
class Orders(nn.Module):
    @nn.compact
    def __call__(self, x):
        s = x

        def tick(k=2):
            nonlocal s
            s = jnp.sin(s) * k
            return s

        def reset():
            nonlocal s
            s = jnp.ones_like(x)

        a = s * tick() + tick() * s
        b = s
        reset()
        c = s + x
        d = (s, tick(), s, tick(3), s)
        e = tick() if x.ndim == 2 else s
        f = x.ndim == 2 and tick()
        g = [s, *[tick() for _ in range(2)], s]
        return a + b * c + sum(d) + e + f + sum(g) + s


@jvpgen.derive
class Passed(nn.Module):
    @nn.compact
    def __call__(self, x):
        log = []
        n = 0
        acc = x * 0

        def add(v):
            nonlocal log, n, acc
            log = log + [v**2]
            n += 1
            acc += v * n
            return v * 1.5

        y = twice(add, x)
        each(add, [x, y])
        z = jax.tree.map(add, {"a": x, "b": y})
        w = functools.reduce(lambda p, q: p + add(q), [x, y], x)
        fs = [add, jnp.tanh]
        for f in fs:
            w = f(w)
        m = list(map(add, (x, w)))
        return sum(log) * n + acc + z["a"] * w + m[1]


@jvpgen.derive
class Lazy(nn.Module):
    @nn.compact
    def __call__(self, x, y=None):
        layer = None
        count = 0

        def make():
            nonlocal layer, count, y
            if layer is None:
                layer = nn.Dense(3)
            count += 1
            y = x * count if y is None else y + x
            return layer

        h = make()(x)
        h = make()(h) + layer(x)
        return h * y * count


@jvpgen.derive
class Recursive(nn.Module):
    @nn.compact
    def __call__(self, x):
        best = x
        depth = 0

        def rec(v, n):
            nonlocal best, depth
            depth = max(depth, n)
            if n == 0:
                best = best * v
                return v

            def inner(u):
                nonlocal best
                best = best + u
                return rec(u * 2, n - 1)

            return inner(v) + 1

        out = rec(x, 2)
        return out * best * depth


@jvpgen.derive
class Stops(nn.Module):
    @nn.compact
    def __call__(self, x):
        h = jnp.zeros(())
        stopped = False

        def step(i):
            nonlocal x, h, stopped
            x = nn.Dense(3, name=f"d{i}")(x)
            h = h + x.mean()
            if i > 1:
                stopped = True

        i = 0
        while not stopped:
            step(i)
            i += 1
        return x * h


X = jnp.arange(6.0).reshape(2, 3) / 5 + 0.1
MODULES = (Totals(), Nested(), Ticks(), Orders(), Passed(), Lazy(), Recursive(), Stops())

EXAMPLES = [{"module": module, "args": (X,)} for module in MODULES]
