"""The derivatives of functions in `ops` and `filters`, read by jvpgen and registered when a program imports them."""

import jvpgen

jvpgen.rule(
    "ops.swish(x, beta=1.0)",
    x_dot="x_dot * (beta * out + jax.nn.sigmoid(beta * x) * (1 - beta * out))",
    beta_dot="beta_dot * out * (x - out)",
)
jvpgen.rule("ops.shifted(x, by)", x_dot="x_dot", by_dot="by_dot", broadcast=True)
jvpgen.rule("ops.straight_through(x, levels=4)", x_dot="x_dot", levels_dot="0")
jvpgen.linear("ops.moving_average(x, width)")
jvpgen.multilinear("ops.gate(a, b)")
jvpgen.no_tangent("ops.noise_floor")
