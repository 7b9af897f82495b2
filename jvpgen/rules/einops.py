"""The functions of einops. They know JAX's arrays only, so that their tangents go through formulas."""

from jvpgen.rules.rule import call, constant, rules

RULES = rules(
    call("einops.rearrange(tensor, pattern, ...)", "rearrange_jvp"),
    call("einops.repeat(tensor, pattern, ...)", "repeat_jvp"),
    call("einops.reduce(tensor, pattern, reduction, ...)", "reduce_jvp"),
    constant("einops.parse_shape(x, pattern)"),
)
