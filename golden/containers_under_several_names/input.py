"""A list that is filled under one name has its tangents under every other name as well."""

import flax.linen as nn
import jax
import jvpgen


def pick(store, name):
    return store[name]


@jvpgen.derive
class Aliased(nn.Module):
    @nn.compact
    def __call__(self, x, y):
        nested = {"outer": [], "inner": {"deep": []}}
        outer = nested["outer"]
        outer.append(x)
        deep = nested.get("inner")["deep"]
        deep += [y]
        pick(nested, "outer").append(y)
        rows = [[], []]
        for i, row in enumerate(rows):
            row.append(x * i)
        first, second = [], []
        alias, other = first, second
        alias.append(x)
        other.extend([y, x])
        chosen = first if x.ndim else second
        chosen.insert(0, y)
        doubled = []
        [doubled.append(value * 2) for value in (x, y)]
        grid = [[0.0] * 2 for _ in range(2)]
        for i in range(2):
            for j in range(2):
                grid[i][j] = x[..., i] * y[..., j]
        named = {name: [] for name in "ab"}
        for name, values in named.items():
            values.append(x * len(name))
        sizes = [3, 2]
        width = sizes[0]
        width += 1
        return nested, rows, first, second, doubled, grid, named, x * width


def example():
    keys = jax.random.split(jax.random.key(1))
    return {"module": Aliased(), "args": tuple(jax.random.normal(key, (3,)) for key in keys)}
