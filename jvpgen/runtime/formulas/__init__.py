"""Rules that take more than a line.

Each takes its function's arguments, every tensor followed by its tangent, and returns the function's value and the
tangent of it. Tangents are arrays, `Zero`s or None, which says that nothing moves.
"""

from jvpgen.runtime.formulas.activations import (
    gelu_jvp,
    glu_jvp,
    log_softmax_jvp,
    mish_jvp,
    softmax_jvp,
    standardize_jvp,
)
from jvpgen.runtime.formulas.einops import (
    rearrange_jvp,
    reduce_jvp,
    repeat_jvp,
)
from jvpgen.runtime.formulas.elementwise import (
    abs_jvp,
    clamp_jvp,
    clip_jvp,
    hypot_jvp,
    integer_pow_jvp,
    lax_pow_jvp,
    logaddexp_jvp,
    nan_to_num_jvp,
    pow_jvp,
    power_jvp,
)
from jvpgen.runtime.formulas.matrices import (
    cholesky_jvp,
    eigh_jvp,
    eigvalsh_jvp,
    norm_logpdf_jvp,
    scipy_cholesky_jvp,
    slogdet_jvp,
    solve_triangular_jvp,
)
from jvpgen.runtime.formulas.modules import (
    choice_jvp,
    make_attention_mask_jvp,
    permutation_jvp,
    promote_dtype_jvp,
    resize_jvp,
)
from jvpgen.runtime.formulas.monoids import lax_reduce_jvp
from jvpgen.runtime.formulas.norms import norm_jvp
from jvpgen.runtime.formulas.padding import pad_jvp
from jvpgen.runtime.formulas.pooling import (
    avg_pool_jvp,
    max_pool_jvp,
    min_pool_jvp,
    pool_jvp,
    reduce_window_jvp,
)
from jvpgen.runtime.formulas.reductions import (
    logsumexp_jvp,
    max_jvp,
    min_jvp,
    prod_jvp,
    reduce_max_jvp,
    reduce_min_jvp,
    std_jvp,
    var_jvp,
)
from jvpgen.runtime.formulas.scans import (
    cumlogsumexp_jvp,
    cummax_jvp,
    cummin_jvp,
    cumprod_jvp,
    lax_cumprod_jvp,
)
from jvpgen.runtime.formulas.sorting import (
    lax_sort_jvp,
    sort_jvp,
    top_k_jvp,
)
from jvpgen.runtime.formulas.updates import at_divide_jvp, at_get_jvp, at_multiply_jvp

__all__ = [
    "abs_jvp",
    "at_divide_jvp",
    "at_get_jvp",
    "at_multiply_jvp",
    "avg_pool_jvp",
    "choice_jvp",
    "cholesky_jvp",
    "clamp_jvp",
    "clip_jvp",
    "cumlogsumexp_jvp",
    "cummax_jvp",
    "cummin_jvp",
    "cumprod_jvp",
    "eigh_jvp",
    "eigvalsh_jvp",
    "gelu_jvp",
    "glu_jvp",
    "hypot_jvp",
    "integer_pow_jvp",
    "lax_cumprod_jvp",
    "lax_pow_jvp",
    "lax_reduce_jvp",
    "lax_sort_jvp",
    "log_softmax_jvp",
    "logaddexp_jvp",
    "logsumexp_jvp",
    "make_attention_mask_jvp",
    "max_jvp",
    "max_pool_jvp",
    "min_jvp",
    "min_pool_jvp",
    "mish_jvp",
    "nan_to_num_jvp",
    "norm_jvp",
    "norm_logpdf_jvp",
    "pad_jvp",
    "permutation_jvp",
    "pool_jvp",
    "pow_jvp",
    "power_jvp",
    "prod_jvp",
    "promote_dtype_jvp",
    "rearrange_jvp",
    "reduce_jvp",
    "reduce_max_jvp",
    "reduce_min_jvp",
    "reduce_window_jvp",
    "repeat_jvp",
    "resize_jvp",
    "scipy_cholesky_jvp",
    "slogdet_jvp",
    "softmax_jvp",
    "solve_triangular_jvp",
    "sort_jvp",
    "standardize_jvp",
    "std_jvp",
    "top_k_jvp",
    "var_jvp",
]
