"""`--all` derives the linen modules of the files and what these run, and nothing that merely surrounds them."""

from __future__ import annotations

from jvpgen.cli.main import main

HUB = """\
import logging

import huggingface


class Uploader:
    def push(self, where, **options):
        with huggingface.session() as session:
            session.upload(self, where, **options)


class Bar:
    def __call__(self, *values):
        return huggingface.bar(*values)


def get_logger(name):
    return logging.getLogger(name)


bar = Bar()
"""
BASE = """\
from typing import Any

import flax
import flax.linen as nn
import torch

from .hub import Uploader


class Config(Uploader):
    def __init__(self, features=3):
        self.features = features

    def scaled(self, x):
        return 2 * x

    def width(self, x):
        return x * self.features


class Output(dict):
    def __getitem__(self, key):
        return list(self.values())[key] if isinstance(key, int) else super().__getitem__(key)


@flax.struct.dataclass
class Result(Output):
    first: Any = None


class PreTrained(Uploader):
    def __init__(self, config, module: nn.Module):
        self.config, self.module = config, module

    def __call__(self, x, params=None):
        return self.module.apply({"params": params or self.params}, torch.numpy(x))

    def setup(self, x):
        self._missing = torch.missing(x)


def quick(x):
    return x * nn.sigmoid(1.702 * x)


ACT = {"relu": nn.relu, "quick": quick}
"""
MODEL = """\
from typing import Any, Optional, Type

import flax.linen as nn
import jax.numpy as jnp

from . import hub
from .base import ACT, Config, PreTrained, Result

logger = hub.get_logger(__name__)


class Layer(nn.Module):
    config: "Config"
    act: str = "quick"

    def setup(self):
        self.dense = nn.Dense(self.config.features)

    def __call__(self, x):
        logger.warning("called")
        x = ACT[self.act](self.dense(x))
        return Result(first=self.config.width(x))


class Network(nn.Module):
    config: Any

    @nn.compact
    def __call__(self, x):
        return Layer(self.config)(x)[0]


class NetworkPreTrained(PreTrained):
    module_class: Optional[Type[nn.Module]] = None

    def init_weights(self, rng, x):
        self.params = self.module.init(rng, x)
        return self.module(x)

    def __call__(self, x, rng=None):
        return super().__call__(x) + self.setup(x)


class PreTrainedNetwork(NetworkPreTrained):
    module_class = Network
"""
FILES = {"lib/__init__.py": "", "lib/hub.py": HUB, "lib/base.py": BASE, "lib/model.py": MODEL}


def test_classes_that_load_store_or_log_are_left_alone(project, capsys):
    root = project(FILES)
    assert main(["--all", "--strict", "--output", "out", "lib/model.py"]) == 0
    assert "warning" not in capsys.readouterr().err
    written = sorted(path.relative_to(root).as_posix() for path in (root / "out").rglob("*.py"))
    assert written == ["out/lib/base_jvp.py", "out/lib/model_jvp.py"]
    model, base = ((root / path).read_text() for path in reversed(written))
    names = ["Layer", "Network", "Config.__init__", "Config.scaled", "Config.width", "Output.__getitem__", "quick"]
    bodies = [line for line in (model + base).splitlines() if line.startswith("@body(")]
    assert bodies == [f"@body({name})" for name in names]
    assert "from lib.model import " in model


def test_a_class_that_holds_a_module_counts_where_a_module_names_it(project, capsys):
    model = MODEL.replace("config: Any", "config: Any\n    teacher: 'NetworkPreTrained | None' = None")
    root = project({**FILES, "lib/model.py": model})
    main(["--all", "--output", "out", "lib/model.py"])
    assert "@body(NetworkPreTrained)" in (root / "out/lib/model_jvp.py").read_text()
