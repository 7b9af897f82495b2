"""Reading from and writing into arrays at indices, and sorting. Indices outside an array read a zero tangent."""

from jvpgen.rules.rule import call, linear, rule, rules

RULES = rules(
    linear(
        "jax.ops.segment_sum(data, segment_ids, num_segments, indices_are_sorted, unique_indices, bucket_size, mode)"
    ),
    # --- Reading ------------------------------------------------------------------------------------------------------
    rule(
        "jnp.take(a, indices, axis=None, out=None, mode=None, unique_indices=False, indices_are_sorted=False, "
        "fill_value=None)",
        a_dot="jnp.take(a_dot, indices, axis=axis, mode=mode, fill_value=0)",
    ),
    rule(
        "jnp.take_along_axis(arr, indices, axis=-1, mode=None, fill_value=None, *, wrap_negative_indices=None)",
        arr_dot="jnp.take_along_axis(arr_dot, indices, axis=axis, mode=mode, fill_value=0, "
        "wrap_negative_indices=wrap_negative_indices)",
    ),
    linear(
        "lax.slice(operand, start_indices, limit_indices, strides)",
        "lax.slice_in_dim(operand, start_index, limit_index, stride, axis)",
        "lax.index_in_dim(operand, index, axis, keepdims)",
        "lax.dynamic_slice(operand, start_indices, slice_sizes, *, allow_negative_indices)",
        "lax.dynamic_slice_in_dim(operand, start_index, slice_size, axis, *, allow_negative_indices)",
        "lax.dynamic_index_in_dim(operand, index, axis, keepdims, *, allow_negative_indices)",
    ),
    rule(
        "lax.gather(operand, start_indices, dimension_numbers, slice_sizes, *, unique_indices=False, "
        "indices_are_sorted=False, mode=None, fill_value=None)",
        operand_dot="lax.gather(operand_dot, start_indices, dimension_numbers, slice_sizes, mode=mode, fill_value=0)",
    ),
    # --- Writing ------------------------------------------------------------------------------------------------------
    linear(
        "lax.dynamic_update_slice(operand, update, start_indices, *, allow_negative_indices)", tensors="operand update"
    ),
    linear(
        "lax.dynamic_update_slice_in_dim(operand, update, start_index, axis, *, allow_negative_indices)",
        tensors="operand update",
    ),
    linear(
        "lax.dynamic_update_index_in_dim(operand, update, index, axis, *, allow_negative_indices)",
        tensors="operand update",
    ),
    linear(
        "lax.scatter_add(operand, scatter_indices, updates, dimension_numbers, *, indices_are_sorted, unique_indices, "
        "mode)",
        tensors="operand updates",
    ),
    # --- Sorting ------------------------------------------------------------------------------------------------------
    call("jnp.sort(a, axis, *, kind, order, stable, descending)", "sort_jvp"),
    call("lax.top_k(operand, k, *, axis)", "top_k_jvp"),
    call("lax.sort(operand, dimension, is_stable, num_keys)", "lax_sort_jvp"),
)
