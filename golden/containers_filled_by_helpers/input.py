"""What a helper stores in a list or dict that it is given has its tangent there."""

import flax.linen as nn
import jax
import jvpgen


def accumulate(totals, name, value):
    totals[name] += value


def tick(state, value):
    state["hidden"] = value * state["step"]
    state["step"] += 1
    return state["step"]


def keep(store, name, value):
    store.setdefault(name, []).append(value)


def keep_deep(store, value):
    keep(store["inner"], "kept", value)


def extended(values, more):
    values += more


@jvpgen.derive
class Recorder(nn.Module):
    def setup(self):
        self.dense = nn.Dense(3)

    def note(self, store, *, name, value):
        store[name] = self.dense(value)

    def __call__(self, x, y):
        totals = {"a": 0.0, "b": 0.0}
        accumulate(totals, "a", x)
        accumulate(totals, name="a", value=y)
        slots = [None] * 2
        slots[1] = x
        state = {"step": 1, "hidden": None}
        for value in (x, y):
            steps = tick(state, value)
        nested = {"inner": {}, "count": 2}
        keep_deep(nested, x)
        values = [1.0]
        extended(values, [x, y])
        notes = dict(first=1.0)
        self.note(notes, name="second", value=y)

        def push(stack, value):
            stack.append(value)

        stack = [0.0]
        push(stack, x)
        return totals, slots, state["hidden"] * steps, nested, values, notes, stack


def example():
    keys = jax.random.split(jax.random.key(1))
    return {"module": Recorder(), "args": tuple(jax.random.normal(key, (3,)) for key in keys)}
