"""Pops, appends and counters inside of expressions, in Python's order and once each."""
# size: 3

import flax.linen as nn
import jax
import jvpgen


@jvpgen.derive
class Stack(nn.Module):
    """Evaluates a small stack program."""

    @nn.compact
    def __call__(self, x, y):
        stack, counter = [x, y, x * y], [0]

        def tick():
            counter[0] += 1
            return counter[0]

        def push(value):
            stack.append(value)
            return value * len(stack)

        difference = stack.pop() * stack.pop() - stack[0]
        product = push(x) + push(y) * push(difference)
        table = {}
        table[tick()] = x
        table[tick()] = y * tick()
        rows = [x] * 7
        rows[tick()] += product
        rows[tick()] *= product
        return difference, product, stack, table, rows, counter[0]


def example():
    x, y = jax.random.normal(jax.random.key(1), (2, 3))
    return {"module": Stack(), "args": (x, y)}
