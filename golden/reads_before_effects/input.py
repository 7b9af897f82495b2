"""What an expression reads first keeps its value, whatever is popped, stored or bound anew to its right."""
# size: 4.5

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


def mutate(table, value):
    table["a"] = value * 10
    return table["a"]


@jvpgen.derive
class Effects(nn.Module):
    @nn.compact
    def __call__(self, x, y):
        stack = [x, y, x * y]
        first = stack[0] * stack.pop(0) + stack[0]
        items = [stack[0], stack.pop(0), *stack]
        stack.append(stack[-1] * jnp.sin(y))
        last = stack.pop(len(stack) - 1).shape[0] * x
        table = {"a": x, "b": y}
        product = table["a"] * mutate(table, y) + table["a"]
        rows = jnp.stack([table["a"], mutate(table, x), table["a"]])
        table["a"] += mutate(table, x + y)
        renamed = x * (x := x * y) + (y := y + x) * y
        return first, items, last, product, rows, table, renamed, x, y


def example():
    x, y = jax.random.normal(jax.random.key(1), (2, 3))
    return {"module": Effects(), "args": (x, y)}
