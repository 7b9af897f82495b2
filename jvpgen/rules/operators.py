"""Python's operators. `operator.**2` is the power with that literal exponent, `operator.unary-` the sign."""

from jvpgen.rules.rule import call, constant, linear, rule, rules

RULES = rules(
    # --- Arithmetic ---------------------------------------------------------------------------------------------------
    rule("a + b", a_dot="a_dot", b_dot="b_dot", broadcast=True),
    rule("a - b", a_dot="a_dot", b_dot="-b_dot", broadcast=True),
    rule("a * b", a_dot="a_dot * b", b_dot="a * b_dot"),
    rule("a / b", a_dot="a_dot / b", b_dot="-out * b_dot / b"),
    rule("a @ b", a_dot="a_dot @ b", b_dot="a @ b_dot"),
    rule("a % b", a_dot="a_dot", b_dot="-jnp.floor(a / b) * b_dot", broadcast=True),
    call("a ** b", "pow_jvp", tensors="a b"),
    rule("a ** 2", a_dot="2 * a * a_dot"),
    rule("a ** 3", a_dot="3 * a**2 * a_dot"),
    rule("-a", a_dot="-a_dot"),
    rule("+a", a_dot="a_dot"),
    constant("a // b"),
    # --- Indexing -----------------------------------------------------------------------------------------------------
    linear("a[index]"),
    # --- Comparisons, logic, bits -------------------------------------------------------------------------------------
    constant("a < b", "a <= b", "a > b", "a >= b", "a == b", "a != b"),
    constant("a is b", "a is not b", "a in b", "a not in b", "not a"),
    constant("a & b", "a | b", "a ^ b", "a << b", "a >> b", "~a"),
)
