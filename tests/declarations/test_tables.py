"""The tables themselves, word for word: names, shapes, dtypes, initializers, conditions."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from jvpgen.ir.declarations import Declarations, as_dict, declarations_of
from jvpgen.source.module import SourceModule, parse
from jvpgen.source.reach import Reach

HEAD = """\
import functools
import flax.linen as nn
import jax
import jax.numpy as jnp
"""


def declarations(text: str, name: str = "M") -> Declarations:
    root = Path("/nowhere")
    reach = Reach(root)
    source = parse(HEAD + textwrap.dedent(text), root / "m.py", root)
    assert isinstance(source, SourceModule), source
    reach.add(root / "m.py", source)
    found = reach.definition(f"m.{name}", source)
    assert found is not None
    return declarations_of(found, reach)


def compact(body: str, fields: str = "n: int") -> str:
    lines = textwrap.indent(textwrap.dedent(body).strip(), "        ")
    return f"class M(nn.Module):\n    {fields}\n\n    @nn.compact\n    def __call__(self, x, train=False):\n{lines}\n"


def setup(body: str, call: str = "return x", fields: str = "n: int") -> str:
    lines = textwrap.indent(textwrap.dedent(body).strip(), "        ")
    head = f"class M(nn.Module):\n    {fields}\n\n    def setup(self):\n{lines}\n\n"
    return f"{head}    def __call__(self, x):\n        {call}\n"


def rows(found: Declarations) -> list[str]:
    return [f"{item.collection} {item.path} {item.shape}{' ?' if item.optional else ''}" for item in found.variables]


def names(found: Declarations) -> list[str]:
    return [item.name + ("?" if item.optional else "") + ("" if item.known else "!") for item in found.submodules]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("nn.Dense(2)(nn.Conv(4, (3,))(nn.Dense(4)(x)))", ["Dense_0", "Conv_0", "Dense_1"]),
        ("f(nn.Dense(1)(x), k=nn.Dense(2)(x))", ["Dense_0", "Dense_1"]),
        ("nn.Dense(1, name='a')(x); nn.Dense(2)(x)", ["a", "Dense_0"]),
        ("nn.Dense(1, name=None)(x)", ["Dense_0"]),
        ("nn.Dense(1, parent=None)(x)", []),
        ("for i in range(self.n):\n    x = nn.Dense(1)(x)", ["Dense_{i}"]),
        ("for _ in range(self.n):\n    x = nn.Dense(1)(x)", ["Dense_{i}"]),
        ("for j, s in enumerate(self.sizes):\n    x = nn.Dense(s)(x)", ["Dense_{j}"]),
        ("for s in self.sizes:\n    x = nn.Dense(s)(x)\nnn.Dense(1)(x)", ["Dense_{i}", "Dense_{len(self.sizes)}"]),
        ("nn.Dense(1)(x)\nfor i in range(self.n):\n    x = nn.Dense(1)(x)", ["Dense_0", "Dense_{i + 1}"]),
        ("for i in range(3):\n    x = nn.Dense(1)(x)\nnn.Dense(2)(x)", ["Dense_{i}", "Dense_3"]),
        ("for i in range(1, self.n):\n    nn.Dense(1)(x)\nnn.Dense(2)(x)", ["Dense_{i}"]),
        (
            "for i in range(self.n):\n    nn.Dense(1)(x)\n    nn.Dense(2)(x)\nnn.Dense(3)(x)",
            ["Dense_{2 * i}", "Dense_{2 * i + 1}", "Dense_{2 * self.n}"],
        ),
        (
            "for i in range(self.n):\n    for j in range(4):\n        nn.Dense(1)(x)\nnn.Dense(3)(x)",
            ["Dense_{4 * i + j}", "Dense_{4 * self.n}"],
        ),
        (
            "for i in range(self.n):\n    for j in range(self.m):\n        nn.Dense(1)(x)",
            ["Dense_{self.m * i + j}"],
        ),
        ("for i in range(self.n):\n    nn.Dense(1, name=f'block_{i}')(x)", ["block_{i}"]),
        ("for i in range(self.n):\n    nn.Dense(1, name='block_' + str(i + 1))(x)", ["block_{i + 1}"]),
        ("for k in ('query', 'key'):\n    nn.Dense(1, name=k)(x)", ["query", "key"]),
        ("for k in ('query', 'key'):\n    nn.Dense(1, name=f'{k}_proj')(x)", ["query_proj", "key_proj"]),
        ("[nn.Dense(s)(x) for s in (1, 2)]", ["Dense_0", "Dense_1"]),
        ("[nn.Dense(s)(x) for s in self.sizes]", ["Dense_{i}"]),
        ("while x.ndim > 2:\n    x = nn.Dense(1)(x)", ["Dense_{i}"]),
        ("if train:\n    nn.Dense(1)(x)\nnn.Dense(2)(x)", ["Dense_0?", "Dense_1?"]),
        ("if train:\n    nn.Dense(1)(x)\nelse:\n    nn.Dense(2)(x)\nnn.Dense(3)(x)", ["Dense_0?", "Dense_1"]),
        ("if train:\n    return x\nnn.Dense(1)(x)", ["Dense_0?"]),
        ("if train:\n    raise ValueError\nnn.Dense(1)(x)", ["Dense_0"]),
        ("x = nn.Dense(1)(x) if train else x", ["Dense_0?"]),
        ("y = train and nn.Dense(1)(x)", ["Dense_0?"]),
        ("layer = nn.Dense if train else nn.DenseGeneral\nlayer(3)(x)", ["Dense_0?", "DenseGeneral_0?"]),
        ("(nn.Dense if self.n else nn.Conv)(3)(x)", ["Dense_0?", "Conv_0?"]),
        ("dense = functools.partial(nn.Dense, use_bias=False)\ndense(1)(dense(2)(x))", ["Dense_0", "Dense_1"]),
        ("nn.remat(nn.Dense)(1)(x)", ["CheckpointDense_0"]),
        ("nn.scan(nn.remat(nn.Dense), length=3)(1)(x)", ["ScanCheckpointDense_0"]),
        ("functools.partial(nn.remat, policy=None)(nn.Dense)(1)(x)", ["CheckpointDense_0"]),
        ("lib.Layer(3)(x)", []),
        ("g = lambda y: nn.Dense(1)(y)\ng(g(x))", ["Dense_0", "Dense_1"]),
        ("g = lambda y: nn.Dense(1)(y)\njax.vmap(g)(x)", ["Dense_0"]),
        ("nn.cond(train, lambda m, y: nn.Dense(1)(y), lambda m, y: y, self, x)", ["Dense_0?"]),
        ("d = nn.Dense(1)\nd(d(x))", ["Dense_0"]),
        ("try:\n    nn.Dense(1)(x)\nexcept ValueError:\n    nn.Conv(1, (1,))(x)", ["Dense_0", "Conv_0?"]),
        ("if (d := nn.Dense(3)) is not None:\n    d(x)", ["Dense_0"]),
    ],
)
def test_names_in_compact(body, expected):
    assert names(declarations(compact(body))) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("self.a = nn.Dense(1)", ["a?"]),
        ("self.grid = [[nn.Dense(3) for _ in range(2)] for _ in range(self.n)]", ["grid_{i}_{j}?"]),
        ("self.a = nn.Dense(1, name='b')", ["b?"]),
        ("self.a = [nn.Dense(1), nn.Conv(1, (1,))]", ["a_0?", "a_1?"]),
        ("self.a = [nn.Dense(i) for i in range(self.n)]", ["a_{i}?"]),
        ("self.a = [nn.Dense(i) for i in range(self.n)] + [nn.Dense(1)]", ["a_{i}?", "a_{self.n}?"]),
        ("self.a = {'k': nn.Dense(1), 2: (nn.Dense(2),)}", ["a_k?", "a_2_0?"]),
        ("self.a = {k: nn.Dense(1) for k in self.keys}", ["a_{k}?"]),
        ("d = {}\nfor k in ('u', 'v'):\n    d[k] = nn.Dense(1)\nself.d = d", ["d_u?", "d_v?"]),
        ("a = []\nfor i in range(self.n):\n    a.append(nn.Dense(1))\nself.a = a", ["a_{i}?"]),
        ("a = [nn.Dense(1)]\nfor i in range(self.n):\n    a += [nn.Dense(1)]\nself.a = a", ["a_0?", "a_{i + 1}?"]),
        ("self.a = self.b = nn.Dense(1)", ["a?"]),
        ("self.a = nn.Dense(1) if self.n else None", ["a?"]),
        ("for i in range(self.n):\n    setattr(self, f'l{i}', nn.Dense(1))", ["l{i}?"]),
        ("nn.Dense(1)", []),
        ("self.a, self.b = nn.Dense(1), nn.Dense(2)", ["a?", "b?"]),
        ("self._make()", []),
    ],
)
def test_names_in_setup(body, expected):
    assert names(declarations(setup(body))) == expected


@pytest.mark.parametrize(
    ("call", "certain"),
    [
        ("return self.a(x)", True),
        ("return self.a.attend(x)", True),
        ("return self.a(x) if self.n else x", False),
        ("return x", False),
        ("return run(self.a, x)", True),
        ("for a in [self.a]: x = a(x)", True),
    ],
)
def test_a_module_of_setup_is_certain_when_it_is_called(call, certain):
    found = declarations(setup("self.a = nn.Embed(3, self.n)", call))
    assert rows(found) == [f"params a/embedding (3, self.n){'' if certain else ' ?'}"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("self.param('w', nn.initializers.ones, (x.shape[-1], 3))",
         "params w (x.shape[-1], 3) None nn.initializers.ones"),
        ("self.param('w', init(), shape, jnp.bfloat16)", "params w shape jnp.bfloat16 init()"),
        ("self.param('w', lambda k: jnp.zeros((3,)))", "params w (3,) None lambda k: jnp.zeros((3,))"),
        ("self.param('w', lambda k, s: init(k, s, jnp.int8), (2, 3))",
         "params w (2, 3) jnp.int8 lambda k, s: init(k, s, jnp.int8)"),
        ("self.param(name='w', init_fn=init)", "params w None None init"),
        ("self.param(f'w_{self.n}', init, (1,))", "params w_{self.n} (1,) None init"),
        ("self.param(self.key, init, (1,))", "params {self.key} (1,) None init"),
        ("def f(key, shape):\n    return jnp.full(shape, 0.5)\nself.param('w', f, (4,))", "params w (4,) None f"),
        ("self.variable('cache', 'k', jnp.zeros, x.shape, x.dtype)", "cache k x.shape x.dtype jnp.zeros"),
        ("self.variable('c', 'i', lambda: jnp.array(0, dtype=jnp.int32))",
         "c i () jnp.int32 lambda: jnp.array(0, dtype=jnp.int32)"),
        ("self.variable('c', 'z', jnp.zeros_like, x)", "c z x.shape None jnp.zeros_like"),
        ("self.variable('c', 'v')", "c v None None None"),
        ("self.variable(self.where, 'v', jnp.ones, 3)", "{self.where} v (3,) None jnp.ones"),
        ("self.sow('intermediates', 'h', x)", "intermediates h None None None"),
        ("self.put_variable('c', 'v', x)", "c v None None None"),
        ("self.perturb('h', x)", "perturbations h None None None"),
        ("self.perturb('h', x, collection='p')", "p h None None None"),
    ],
)  # fmt: skip
def test_variables(body, expected):
    (found,) = declarations(compact(body)).variables
    assert f"{found.collection} {found.path} {found.shape} {found.dtype} {found.initializer}" == expected


@pytest.mark.parametrize(
    ("construction", "expected"),
    [
        ("nn.Dense(self.n)", ["kernel (inputs.shape[-1], self.n)", "bias (self.n,)"]),
        ("nn.Dense(self.n, use_bias=False)", ["kernel (inputs.shape[-1], self.n)"]),
        ("nn.Dense(self.n, use_bias=self.b)", ["kernel (inputs.shape[-1], self.n)", "bias (self.n,) ?"]),
        ("nn.Conv(4, (3, 3), use_bias=False)", ["kernel (3, 3, inputs.shape[-1], 4)"]),
        ("nn.Conv(4, self.k, use_bias=False)", ["kernel (*self.k, inputs.shape[-1], 4)"]),
        ("nn.DenseGeneral((2, 3), use_bias=False)", ["kernel (inputs.shape[-1], 2, 3)"]),
        ("nn.DenseGeneral(self.n, axis=(-2, -1))", [
            "kernel (inputs.shape[-2], inputs.shape[-1], *as_tuple(self.n))", "bias (*as_tuple(self.n),)"]),
        ("nn.LayerNorm(use_bias=False)", ["scale (x.shape[-1],)"]),
        ("nn.SelfAttention(4, qkv_features=16, out_features=8, use_bias=False)", [
            "query/kernel (inputs_q.shape[-1], 4, 4)", "key/kernel (inputs_q.shape[-1], 4, 4)",
            "value/kernel (inputs_q.shape[-1], 4, 4)", "out/kernel (4, 4, 8)"]),
    ],
)  # fmt: skip
def test_shapes_of_layers(construction, expected):
    found = declarations(compact(f"{construction}(x)"))
    assert [f"{row.split('/', 1)[1]}" for row in rows(found)] == expected


def test_variables_of_modules_below_are_in_terms_of_the_class_that_makes_them():
    text = """
    class Block(nn.Module):
        dim: int
        factor: int = 4
        norm: nn.Module = nn.LayerNorm

        def setup(self):
            self.inner = self.factor * self.dim
            self.up = nn.Dense(self.inner)
            self.n = self.norm(use_bias=False)

        def __call__(self, x):
            gain = self.param("gain", nn.initializers.ones, (self.inner, x.shape[-1]))
            return self.up(self.n(x)) * gain

    class M(nn.Module):
        width: int

        @nn.compact
        def __call__(self, x):
            x = Block(self.width, name="first")(x)
            return Block(8, factor=2, norm=nn.RMSNorm)(x)
    """
    assert rows(declarations(text)) == [
        "params first/gain (4 * self.width, x.shape[-1])",
        "params first/up/kernel (inputs.shape[-1], 4 * self.width)",
        "params first/up/bias (4 * self.width,)",
        "params first/n/scale (x.shape[-1],)",
        "params Block_0/gain (16, x.shape[-1])",
        "params Block_0/up/kernel (inputs.shape[-1], 16)",
        "params Block_0/up/bias (16,)",
        "params Block_0/n/scale (x.shape[-1],)",
    ]


def test_lifted_axes():
    text = """
    class M(nn.Module):
        n: int

        @nn.compact
        def __call__(self, x):
            x = nn.scan(nn.Dense, variable_axes={"params": 0}, length=self.n)(4, use_bias=False)(x)
            x = nn.vmap(nn.Dense, {"params": 0}, axis_size=2)(4, use_bias=False)(x)
            x = nn.vmap(nn.Dense, variable_axes={"params": 1}, axis_size=2)(4, use_bias=False)(x)
            x = nn.vmap(nn.BatchNorm, variable_axes={"batch_stats": 0})(True, use_bias=False)(x)
            return nn.remat_scan(nn.Dense, lengths=(2, self.n))(4, use_bias=False)(x)
    """
    assert rows(declarations(text)) == [
        "params ScanDense_0/kernel (self.n, inputs.shape[-1], 4)",
        "params VmapDense_0/kernel (2, inputs.shape[-1], 4)",
        "params VmapDense_1/kernel (inputs.shape[-1], 2, 4)",
        "batch_stats VmapBatchNorm_0/mean (axis_size, x.shape[-1])",
        "batch_stats VmapBatchNorm_0/var (axis_size, x.shape[-1])",
        "params VmapBatchNorm_0/scale (x.shape[-1],)",
        "params Remat_scanDense_0/kernel (2, self.n, inputs.shape[-1], 4)",
    ]


def test_streams():
    text = """
    class Noise(nn.Module):
        stream: str = "noise"

        @nn.compact
        def __call__(self, x):
            key = self.make_rng(self.stream)
            return nn.Dropout(0.1, rng_collection="drop", deterministic=False)(x)

    class M(nn.Module):
        @nn.compact
        def __call__(self, x):
            x = Noise()(Noise("sampling")(x))
            x = nn.Dropout(0.0)(x)
            x = nn.MultiHeadDotProductAttention(4, dropout_rate=0.1)(x)
            return nn.Dense(1)(x) * jax.random.normal(self.make_rng())
    """
    found = declarations(text)
    assert [(item.name, item.initial) for item in found.rngs] == [
        ("params", False),
        ("noise", False),
        ("drop", False),
        ("sampling", False),
        ("dropout", False),
    ]
    assert as_dict(found)["rngs"] == ["params", "noise", "drop", "sampling", "dropout"]


def test_the_stream_of_parameters_is_not_shown_where_init_alone_needs_it():
    found = declarations(compact("return nn.Dense(1)(x)"))
    assert [(item.name, item.initial) for item in found.rngs] == [("params", True)]
    assert as_dict(found)["rngs"] == []


@pytest.mark.parametrize("call", ["self.make_rng()", "self.make_rng('params')"])
def test_a_key_drawn_from_params_is_needed_at_each_call(call):
    found = declarations(compact(f"return nn.Dense(1)(x) * jax.random.normal({call})"))
    assert as_dict(found)["rngs"] == ["params"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("if train:\n    d = nn.Dense(8, use_bias=False)\nelse:\n    d = nn.Dense(4, use_bias=False)\nreturn d(x)",
         ["params Dense_0/kernel (inputs.shape[-1], 8) | (inputs.shape[-1], 4) ?"]),
        ("d = nn.Embed(8, 2) if train else nn.Embed(4, 2)\nreturn d(x)",
         ["params Embed_0/embedding (8, 2) | (4, 2) ?"]),
        ("d = nn.Embed(8, 2) if train else nn.Embed(8, 2)\nreturn d(x)", ["params Embed_0/embedding (8, 2) ?"]),
        ("for i in range(4):\n    if i == 0:\n        continue\n    x = nn.Embed(3, 4)(x)\nreturn nn.Embed(2, 4)(x)",
         ["params Embed_{i}/embedding (3, 4) | (2, 4)"]),
        ("for i in range(4):\n    if i % 2:\n        x = nn.Embed(3, 4)(x)\nreturn nn.Embed(2, 4)(x)",
         ["params Embed_{i}/embedding (3, 4) | (2, 4)"]),
        ("L = nn.vmap(nn.Embed, {'params': 0}, axis_size=2)\nd = L(8, 2) if train else L(4, 2)\nreturn d(x)",
         ["params VmapEmbed_0/embedding (2, 8, 2) | (2, 4, 2) ?"]),
    ],
)  # fmt: skip
def test_either_of_several_shapes(body, expected):
    assert rows(declarations(compact(body))) == expected


def test_modules_of_unknown_kind_are_listed():
    text = """
    from lib import Layer
    from lib.layers import deep

    class M(nn.Module):
        inner: nn.Module
        several: tuple[nn.Module, ...]
        make: "Callable[..., nn.Module]"
        maybe: "nn.Module | None" = None
        act: "Callable" = nn.relu

        @nn.compact
        def __call__(self, x):
            x = self.make(3)(Layer(4)(x))
            return self.act(self.inner(x))
    """
    found = declarations(text)
    assert names(found) == ["inner!", "several_{i}!", "maybe?!", "{make}_0!", "Layer_0!"]
    assert found.variables == ()


def test_a_module_that_makes_itself_ends():
    text = compact("x = nn.Dense(self.n)(x)\nreturn M(self.n - 1)(x) if self.n else x")
    assert rows(declarations(text)) == [
        "params Dense_0/kernel (inputs.shape[-1], self.n)",
        "params Dense_0/bias (self.n,)",
    ]


def test_json():
    found = as_dict(declarations(compact("return nn.Dense(self.n)(x)", "n: int = 3")))
    assert found["fields"] == [{"name": "n", "annotation": "int", "default": "3", "line": 6}]
    assert found["submodules"] == [
        {
            "name": "Dense_0",
            "class": "nn.Dense",
            "qualified": "flax.linen.linear.Dense",
            "line": 10,
            "optional": False,
            "repeated": False,
            "known": True,
        }
    ]
    assert found["collections"]["params"][0] == {
        "path": "Dense_0/kernel",
        "shape": "(inputs.shape[-1], self.n)",
        "dtype": "jnp.float32",
        "initializer": "lecun_normal()",
        "line": 10,
        "optional": False,
    }


@pytest.mark.parametrize(
    "expression",
    [
        " + ".join(["x"] * 700),
        "x" + ".T" * 700,
        "f" + "()" * 700,
        "-" * 700 + "x",
        " and ".join(["x"] * 700),
        "(" * 150 + "x" + ")" * 150,
        "lambda: " * 400 + "x",
    ],
    ids=lambda text: text[:10],
)
def test_deep_source_is_no_trouble(expression):
    found = declarations(compact(f"y = {expression}\nreturn nn.Dense(1)(y)"))
    assert names(found) == ["Dense_0"]
