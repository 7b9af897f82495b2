"""Tangents for the adapters only: what is left out costs nothing.

Prints the floating-point operations that XLA counts for one block: for its value, for
its derivative along the adapters, and for its derivative along all weights.

    python -m examples.scripts.lora_tangents
"""

import jax
import jax.numpy as jnp

from examples.models.lora import LoRABlock
from examples.models.lora_jvp import LoRABlock_jvp, adapters_jvp

block = LoRABlock(heads=4, rank=4)


def is_adapter(path):
    return path[-1].key.startswith("lora_")


def flops(function, *arguments):
    return jax.jit(function).lower(*arguments).compile().cost_analysis()["flops"]


def main():
    x = jax.random.normal(jax.random.key(0), (2, 64, 128))
    variables = jax.jit(block.init)(jax.random.key(1), x)
    everything = jax.tree.map(jnp.ones_like, variables["params"])
    # A tree with None instead of a tangent: that leaf stands still.
    adapters = jax.tree_util.tree_map_with_path(
        lambda path, leaf: leaf if is_adapter(path) else None, everything
    )

    def value(params):
        return block.apply({"params": params}, x)

    def along(function):
        return lambda p_dot: function(
            block, variables, x, variable_tangents={"params": p_dot}
        )

    def by_jax(p_dot):
        return jax.jvp(value, (variables["params"],), (p_dot,))

    costs = {
        "value": flops(value, variables["params"]),
        "along the adapters": flops(along(adapters_jvp), adapters),
        "along all weights": flops(along(LoRABlock_jvp), everything),
        "along all weights, jax.jvp": flops(by_jax, everything),
    }
    print(f"{'':28}Mflop  relative")
    for name, cost in costs.items():
        print(f"{name:28}{cost / 1e6:5.1f}  {cost / costs['value']:8.2f}")


if __name__ == "__main__":
    main()
