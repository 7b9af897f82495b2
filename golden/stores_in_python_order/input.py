"""Several targets of one assignment, and indices with effects: stored in Python's order, each place found once."""
# size: 3

import flax.linen as nn
import jax
import jvpgen


def doubled(value):
    return value * 2, 1


@jvpgen.derive
class Stores(nn.Module):
    @nn.compact
    def __call__(self, x, y):
        counter = [0]

        def tick():
            counter[0] += 1
            return counter[0]

        row, table = [x, y, x * y], {0: x, 1: y}
        i = k = 0
        row[i], i = x * y, 1
        i, row[i] = 2, y
        table[k], k = doubled(x)
        row[tick()], row[tick() - 2] = row[0] * row[1], row[1]
        table[len(table)] = x * y
        row += [row[0] * y]
        row[tick() - 1] += x * tick()
        table[k] += (k := 0) + y
        x += (x := y) * 2
        del row[len(row) - 1]
        return row, table, x


def example():
    x, y = jax.random.normal(jax.random.key(1), (2, 3))
    return {"module": Stores(), "args": (x, y)}
