"""Random single statements out of reads, pops, appends, walruses, stores and calls with effects."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

HEAD = '''"""Written by a test."""

import jax.numpy as jnp
import jvpgen


def change(table, value):
    table["a"] = value * 3.0
    return value + table["b"]


def bump(count):
    count[0] = (count[0] + 1) % 3
    return count[0]


def grow(stack, value):
    stack.append(value)
    return value * len(stack)


def both(value):
    return value * 2.0, value - 1.0
'''

_BODY = """
    stack, other = [x, y, x * y, x + 1.0, y * y], [y, x]
    table, count = {"a": x, "b": y}, [0]
    same, rows, z, w, n = stack, {"r": other}, x, [], 0

    def push(value):
        stack.append(value)
        return value * stack[0]

    def tick():
        count[0] = (count[0] + 1) % 2
        return count[0]

"""
_RESULT = "    return x, y, z, w, n, stack, other, [table[key] for key in sorted(table)], count\n"


def functions(statements: Sequence[str]) -> str:
    """A file with one function of `x` and `y` for each statement."""
    parts = [HEAD]
    for number, statement in enumerate(statements):
        head = f"\n\n@jvpgen.derive\ndef program_{number}(x, y):"
        parts.append(f"{head}{_BODY}    {statement}\n{_RESULT}")
    return "".join(parts)


def _integers(integers: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("(n := {})".format, integers),
        st.builds("(n + {}) % 2".format, integers),
        st.builds("[0, 1][{}]".format, integers),
    )


INTEGERS = st.recursive(
    st.sampled_from(["n", "0", "1", "count[0]", "tick()", "bump(count)", "len(stack) % 2", "len(w)"]),
    _integers,
    max_leaves=3,
)
PLACES = st.one_of(
    st.builds("stack[{}]".format, INTEGERS),
    st.builds("{}[{}]".format, st.sampled_from(["same", "other", 'rows["r"]']), INTEGERS),
    st.sampled_from(['table["a"]', 'table["b"]', "stack[-1]"]),
)
_LEAVES = st.one_of(
    st.sampled_from(["x", "y", "z"]),
    PLACES,
    st.sampled_from(["stack.pop()", "stack.pop(0)", "other.pop()", 'table.get("a", x)', "stack.pop(n)", "sum(stack)"]),
)


def _values(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators, names = st.sampled_from("+-*"), st.sampled_from("xyz")
    return st.one_of(
        st.builds("({} {} {})".format, values, operators, values),
        st.builds("({} := {})".format, names, values),
        st.builds("change(table, {})".format, values),
        st.builds("grow({}, {})".format, st.sampled_from(["stack", "other", "same"]), values),
        st.builds("push({})".format, values),
        st.builds("jnp.sin({})".format, values),
        st.builds("jnp.stack([{}, {}]).sum(0)".format, values, values),
        st.builds("({} if {} == 0 else {})".format, values, INTEGERS, values),
        st.builds("({}, {})[{}]".format, values, values, INTEGERS),
        st.builds("[{}, *stack, {}][1]".format, values, values),
        st.builds("both({})[{}]".format, values, INTEGERS),
        st.builds("sum([{} * item for item in {}])".format, values, st.sampled_from(["stack[:2]", "other[:]"])),
        st.builds('{{"k": {}, "l": {}}}["k"]'.format, values, values),
        st.builds("({} * {})".format, values, INTEGERS),
    )


VALUES = st.recursive(_LEAVES, _values, max_leaves=6)
TARGETS = st.one_of(st.sampled_from(["x", "y", "z"]), PLACES)
STATEMENTS = st.one_of(
    st.builds("{} = {}".format, TARGETS, VALUES),
    st.builds("{} = {} = {}".format, TARGETS, TARGETS, VALUES),
    st.builds("{}, {} = {}, {}".format, TARGETS, TARGETS, VALUES, VALUES),
    st.builds("{}, n = {}, {}".format, TARGETS, VALUES, INTEGERS),
    st.builds("n, {} = {}, {}".format, TARGETS, INTEGERS, VALUES),
    st.builds("{}, {} = both({})".format, TARGETS, TARGETS, VALUES),
    st.builds("{} {}= {}".format, TARGETS, st.sampled_from("+-*"), VALUES),
    st.builds("stack.append({})".format, VALUES),
    st.builds("stack.insert({}, {})".format, INTEGERS, VALUES),
    st.builds("stack += [{}, {}]".format, VALUES, VALUES),
    st.builds("w = [{}, {}, {}]".format, VALUES, VALUES, VALUES),
    st.builds("w = [{} for item in stack[:2] if {} == 0]".format, VALUES, INTEGERS),
    st.builds("del stack[{}]".format, INTEGERS),
    st.builds("table[{!r}] = {}".format, st.sampled_from("ab"), VALUES),
)
