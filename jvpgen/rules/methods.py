"""Methods and attributes of arrays; the receiver is the first parameter."""

from jvpgen.rules.rule import call, constant, linear, multilinear, rule, rules, unsupported

RULES = rules(
    # --- Shape and copies ---------------------------------------------------------------------------------------------
    linear(
        "a.reshape(*args, order, out_sharding)",
        "a.ravel(order, *, out_sharding)",
        "a.flatten(order, *, out_sharding)",
        "a.squeeze(axis)",
        "a.transpose(*args)",
        "a.swapaxes(axis1, axis2)",
        "a.repeat(repeats, axis, *, total_repeat_length, out_sharding)",
        "a.diagonal(offset, axis1, axis2)",
        "a.copy()",
        "a.T",
        "a.mT",
    ),
    # --- Numbers ------------------------------------------------------------------------------------------------------
    rule("a.astype(dtype, copy=False, device=None)", a_dot="jnp.astype(a_dot, dtype)"),
    linear("a.conj()", "a.conjugate()", "a.real", "a.imag"),
    call("a.clip(min, max)", "clip_jvp", tensors="a min max"),
    # --- Reductions ---------------------------------------------------------------------------------------------------
    linear(
        "a.sum(axis, dtype, out, keepdims, initial=0, where, promote_integers)",
        "a.mean(axis, dtype, out, keepdims, *, where)",
        "a.trace(offset, axis1, axis2, dtype, out)",
        "a.cumsum(axis, dtype, out)",
    ),
    call("a.prod(axis, dtype, out, keepdims, initial, where, promote_integers)", "prod_jvp", tensors="a initial"),
    call("a.cumprod(axis, dtype, out)", "cumprod_jvp"),
    call("a.max(axis, out, keepdims, initial, where)", "max_jvp", tensors="a initial"),
    call("a.min(axis, out, keepdims, initial, where)", "min_jvp", tensors="a initial"),
    call("a.var(axis, dtype, out, ddof=0, keepdims, *, where, correction=0)", "var_jvp"),
    call("a.std(axis, dtype, out, ddof=0, keepdims, *, where, correction=0)", "std_jvp"),
    multilinear("a.dot(b, *, precision, preferred_element_type)"),
    # --- Reading, sorting, writing ------------------------------------------------------------------------------------
    rule(
        "a.take(indices, axis=None, out=None, mode=None, unique_indices=False, indices_are_sorted=False, "
        "fill_value=None)",
        a_dot="jnp.take(a_dot, indices, axis=axis, mode=mode, fill_value=0)",
    ),
    call("a.sort(axis, *, kind, order, stable, descending)", "sort_jvp"),
    call(
        "a.at[index].get(*, indices_are_sorted, unique_indices, mode, fill_value, wrap_negative_indices)", "at_get_jvp"
    ),
    linear("a.at[index].set(values, *, indices_are_sorted, unique_indices, mode)", tensors="a values"),
    linear("a.at[index].add(values, *, indices_are_sorted, unique_indices, mode)", tensors="a values"),
    linear("a.at[index].subtract(values, *, indices_are_sorted, unique_indices, mode)", tensors="a values"),
    call(
        "a.at[index].multiply(values, *, indices_are_sorted, unique_indices, mode)",
        "at_multiply_jvp",
        tensors="a values",
    ),
    call("a.at[index].mul(values, *, indices_are_sorted, unique_indices, mode)", "at_multiply_jvp", tensors="a values"),
    call(
        "a.at[index].divide(values, *, indices_are_sorted, unique_indices, mode)", "at_divide_jvp", tensors="a values"
    ),
    # --- No tangent ---------------------------------------------------------------------------------------------------
    constant(
        "a.shape",
        "a.dtype",
        "a.ndim",
        "a.size",
        "a.itemsize",
        "a.nbytes",
        "a.weak_type",
        "a.sharding",
        "a.argmax(axis, out, keepdims)",
        "a.argmin(axis, out, keepdims)",
        "a.argsort(axis, *, kind, order, stable, descending)",
        "a.any(axis, out, keepdims, *, where)",
        "a.all(axis, out, keepdims, *, where)",
        "a.nonzero(*, fill_value=0, size)",
        "a.searchsorted(v, side, sorter, *, method)",
        "a.round(decimals, out)",
    ),
    unsupported("a.tolist()", "a.item(*args)", reason="it makes Python numbers, which carry no tangent"),
)
