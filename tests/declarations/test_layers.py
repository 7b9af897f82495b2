"""The tables that ship about flax.linen agree with the flax that is installed."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import pytest
from flax.linen import partitioning

from jvpgen.ir.declarations.layers import layer_declarations, parameter_names
from jvpgen.ir.declarations.values import Text
from jvpgen.ir.lower import parse_expression
from jvpgen.source import flax_names
from jvpgen.source.flax_layers import LAYERS, layer
from tests.declarations.comparison import made, pattern

X = jnp.ones((2, 5, 6))
IMAGE = jnp.ones((2, 8, 8, 3))
IDS = jnp.ones((2, 5), jnp.int32)
KINDS = jnp.ones((2, 6)), jnp.ones((2, 4))


def carry(features: int) -> Any:
    return jnp.zeros((2, features))


# Class, constructor arguments as text, arguments of the call; the first array argument is the layer's input.
CASES = [
    ("Dense", "4", (X,)),
    ("Dense", "features=4, use_bias=False, param_dtype=jnp.bfloat16", (X,)),
    ("DenseGeneral", "4", (X,)),
    ("DenseGeneral", "features=(3, 2), axis=(-2, -1)", (X,)),
    ("DenseGeneral", "features=(3,), axis=-1, batch_dims=(0,)", (X,)),
    ("Einsum", "(6, 3), 'abc,cd->abd'", (X,)),
    ("Conv", "4, (3, 3)", (IMAGE,)),
    ("Conv", "features=6, kernel_size=3, feature_group_count=2", (X,)),
    ("ConvLocal", "4, (3, 3)", (IMAGE,)),
    ("ConvTranspose", "4, (2, 2)", (IMAGE,)),
    ("ConvTranspose", "4, (2, 2), transpose_kernel=True, use_bias=False", (IMAGE,)),
    ("Embed", "7, 3", (IDS,)),
    ("BatchNorm", "use_running_average=False", (X,)),
    ("BatchNorm", "use_running_average=False, axis=(1, 2), use_scale=False", (X,)),
    ("LayerNorm", "", (X,)),
    ("LayerNorm", "feature_axes=(-2, -1), reduction_axes=(-1,), use_bias=False", (X,)),
    ("RMSNorm", "", (X,)),
    ("RMSNorm", "use_scale=False", (X,)),
    ("GroupNorm", "3", (X,)),
    ("InstanceNorm", "", (X,)),
    ("SpectralNorm", "nn.Dense(3)", (X,), {"update_stats": True}),
    ("WeightNorm", "nn.Dense(3)", (X,)),
    ("PReLU", "", (X,)),
    ("MultiHeadDotProductAttention", "2", (X,)),
    ("MultiHeadAttention", "2, qkv_features=8, out_features=3, normalize_qk=True", (X, IDS[..., None] * 1.0)),
    ("SelfAttention", "2, decode=True, use_bias=False", (X,)),
    ("Dropout", "0.5, deterministic=False", (X,)),
    ("Sequential", "[jnp.sin]", (X,)),
    ("SimpleCell", "4", (carry(4), X[:, 0])),
    ("GRUCell", "4", (carry(4), X[:, 0])),
    ("MGUCell", "4", (carry(4), X[:, 0])),
    ("MGUCell", "4, reset_gate=False", (carry(4), X[:, 0])),
    ("LSTMCell", "4", ((carry(4), carry(4)), X[:, 0])),
    ("OptimizedLSTMCell", "4", ((carry(4), carry(4)), X[:, 0])),
    ("ConvLSTMCell", "4, (3, 3)", ((jnp.zeros((2, 8, 8, 4)), jnp.zeros((2, 8, 8, 4))), IMAGE)),
    ("Fp8Einsum", "", ("abc,cd->abd", X, jnp.ones((6, 3)))),
    ("Fp8DirectDotGeneralOp", "", (X, jnp.ones((6, 3)), (((2,), (0,)), ((), ())))),
]


def as_tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, tuple | list) else (value,)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}({case[1]})")
def test_layer_declares_what_init_makes(case):
    name, text, arguments, *options = case
    words = {"nn": nn, "jnp": jnp, "jax": jax}
    module = eval(f"nn.{name}({text})", words)
    actual = {
        (collection, path): shape
        for collection, tree in made(module, *arguments, **(options[0] if options else {})).items()
        for path, shape in tree.items()
        if not path.startswith("layer_instance/") or collection != "params" or name == "WeightNorm"
    }
    if name in ("SpectralNorm", "WeightNorm"):  # the wrapped layer is its own
        actual = {key: shape for key, shape in actual.items() if key[1].count("/") > 1}
    variables, _ = layer_declarations(layer(f"flax.linen.{name}"), values_of(name, text), None)
    matched = {}
    for key, shape in actual.items():
        hits = [v for v in variables if pattern(v.collection).fullmatch(key[0]) and pattern(v.path).fullmatch(key[1])]
        assert len(hits) == 1, key
        matched[hits[0]] = True
        if hits[0].shape is not None:
            assert eval(hits[0].shape, words | shape_words(module, arguments)) == shape, hits[0]
    missing = [item.path for item in variables if item not in matched and not item.optional]
    assert missing in ([], ["{layer_instance}/{variable}/scale"]) if name == "WeightNorm" else not missing


def values_of(name: str, text: str) -> dict[str, Text]:
    """The fields that a construction gives, as expressions."""
    call = parse_expression(f"f({text})")
    names = parameter_names(f"flax.linen.{name}")
    found = {}
    for position, argument in enumerate(call.arguments):
        found[argument.keyword or names[position]] = Text(argument.value)
    return found


def shape_words(module: nn.Module, arguments: tuple[Any, ...]) -> dict[str, Any]:
    """What the names in a shape stand for: the parameters of the layer's `__call__`."""
    names = [name for name in inspect.signature(type(module).__call__).parameters if name != "self"]
    bound = dict(zip(names, arguments, strict=False))
    for name in ("inputs_k", "inputs_v"):
        bound.setdefault(name, bound.get("inputs_k", bound.get("inputs_q")))
    return {**bound, "as_tuple": as_tuple, "sizes": as_tuple}


def public(kind: str) -> dict[str, Any]:
    values = {name: getattr(nn, name) for name in dir(nn) if not name.startswith("_")}
    modules = {
        name: value for name, value in values.items() if isinstance(value, type) and issubclass(value, nn.Module)
    }
    if kind == "modules":
        return modules
    return {name: value for name, value in values.items() if name not in modules and not inspect.ismodule(value)}


@pytest.mark.parametrize("name", sorted(public("modules")))
def test_every_module_class_is_known(name):
    cls = public("modules")[name]
    qualified = f"flax.linen.{name}"
    assert flax_names.canonical(qualified) == f"{cls.__module__}.{cls.__qualname__}"
    assert flax_names.is_module_class(qualified)
    if cls is not nn.Module:
        base = next(base for base in cls.__mro__[1:] if issubclass(base, nn.Module))
        assert flax_names.base_of(qualified) == f"{base.__module__}.{base.__qualname__}"
    known = layer(qualified)
    if known is not None:
        fields = [field for field in dataclasses.fields(cls) if field.name not in ("parent", "name") and field.init]
        assert parameter_names(qualified) == [field.name for field in fields]


def test_every_layer_is_tried():
    tried = {flax_names.canonical(f"flax.linen.{case[0]}") for case in CASES}
    declaring = {f"flax.linen.{name}" for name, known in LAYERS.items() if known.variables}
    inner = {"flax.linen.recurrent.DenseParams", "flax.linen.fp8_ops.Fp8DotGeneralBase"}
    assert declaring - inner <= tried


@pytest.mark.parametrize("name", sorted(public("others")))
def test_every_other_public_name_is_known(name):
    qualified = f"flax.linen.{name}"
    found = flax_names.canonical(qualified)
    assert found != qualified or name in ("typing",)
    module, _, last = found.rpartition(".")
    assert getattr(__import__(module, fromlist=[last]), last) is getattr(nn, name)


def test_prefixes_of_transformed_classes():
    class Inner(nn.Module):
        pass

    axes = {"variable_axes": {"params": 0}}
    transforms = {
        "fold_rngs": nn.fold_rngs(Inner),
        "named_call": nn.named_call(Inner),
        "scan": nn.scan(Inner),
        "checkpoint": nn.remat(Inner),
        "vmap": nn.vmap(Inner),
        "jit": nn.jit(Inner),
        "map_variables": nn.map_variables(Inner, "params"),
        "add_metadata_axis": nn.add_metadata_axis(Inner),
        "remat_scan": nn.remat_scan(Inner, (2, 2)),
    }
    named = {f"flax.linen.transforms.{name}": cls.__name__ for name, cls in transforms.items()}
    named |= {
        "flax.linen.partitioning.remat": partitioning.remat(Inner).__name__,
        "flax.linen.partitioning.scan_with_axes": partitioning.scan_with_axes(Inner, **axes).__name__,
        "flax.linen.partitioning.vmap_with_axes": partitioning.vmap_with_axes(Inner, **axes).__name__,
    }
    assert named == {name: prefix + "Inner" for name, prefix in flax_names.CLASS_TRANSFORMS.items()}
