"""The names that the tables list are those that Flax gives, whatever the fields hold."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from jvpgen.ir.declarations import Submodule, declarations_of
from jvpgen.source.reach import Reach
from tests.declarations.comparison import definition_of, import_file
from tests.declarations.loop_programs import (
    CONFIGURATIONS,
    HEAD,
    compact_program,
    names_made,
    setup_program,
    stands_for,
)


def listed_in(text: str, path: Path) -> tuple[type, tuple[Submodule, ...]]:
    path.write_text(text)
    cls = import_file(path).M
    reach = Reach(path.parent)
    return cls, declarations_of(definition_of(cls, reach), reach).submodules


def problems(text: str, path: Path) -> list[str]:
    """Names that are made and not listed, and names that are listed as certain and not made."""
    cls, listed = listed_in(text, path)
    found = []
    for fields in CONFIGURATIONS:
        made = names_made(cls, fields, path)
        for name, variables in made:
            if not any(stands_for(item.name, name, variables) for item in listed):
                found.append(f"{fields}: {name} is not among {[item.name for item in listed]}")
        certain = {item.name for item in listed if not item.optional and "{" not in item.name}
        found += [f"{fields}: {name} is listed and not made" for name in sorted(certain - {name for name, _ in made})]
    return found


@pytest.mark.parametrize("seed", range(100))
@pytest.mark.parametrize("program", [compact_program, setup_program], ids=["compact", "setup"])
def test_names_of_random_loops(program, seed, tmp_path):
    text = program(seed)
    assert problems(text, tmp_path / f"loops_{program.__name__}_{seed}.py") == [], text


def method(head: str, body: str, returned: str) -> str:
    lines = textwrap.indent(textwrap.dedent(body).strip(), "        ")
    return f"{HEAD}\n{head}{lines}\n{returned}"


COMPACT = [
    ("for i, count in enumerate(self.sizes):\n    for j in range(count):\n        A()(x)", ["A_{i}"]),
    ("for i in range(self.n):\n    for j in range(i):\n        A()(x)\nB()(x)", ["A_{i}", "B_0"]),
    ("for i in range(self.n):\n    for j in range(self.m):\n        for k in range(2):\n            A()(x)",
     ["A_{2 * self.m * i + 2 * j + k}"]),
    ("for size in self.sizes:\n    A()(x)", ["A_{i}"]),
    ("for size in WIDTHS:\n    A()(x)\nA()(x)", ["A_0", "A_1", "A_2"]),
    ("for size in self.sizes:\n    for _ in (1, 2):\n        A()(x)\nA()(x)",
     ["A_{2 * i}", "A_{2 * i + 1}", "A_{2 * len(self.sizes)}"]),
    ("for i in range(self.n):\n    if i % 2:\n        continue\n    A()(x)\nA()(x)", ["A_{i}"]),
    ("for i in range(self.n):\n    A()(x)\n    if i == self.m:\n        break\nA()(x)", ["A_{i}"]),
    ("for i in range(self.n):\n    A()(x)\n    if i == self.m:\n        break\nB()(x)", ["A_{i}", "B_0"]),
    ("for i in (1, 2):\n    if self.flag:\n        continue\n    A()(x)\nA()(x)", ["A_0?", "A_1?", "A_2?"]),
    ("for i in (1, 2):\n    if self.n == i:\n        break\n    A()(x)\nA()(x)", ["A_0?", "A_1?", "A_2?"]),
    ("for i in range(1, self.n):\n    A()(x)", ["A_{i - 1}"]),
    ("for i, s in enumerate(self.sizes, start=1):\n    A()(x)", ["A_{i - 1}"]),
    ("for s, t in zip(self.sizes, self.others):\n    A()(x)\nA()(x)", ["A_{i}"]),
    ("for s in self.sizes:\n    for i in range(self.n):\n        A()(x)", ["A_{self.n * j + i}"]),
    ("for i in self.sizes:\n    A()(x)\n    A()(x)", ["A_{2 * j}", "A_{2 * j + 1}"]),
    ("k = 0\nwhile k < self.n:\n    A()(x)\n    k += 1\nA()(x)", ["A_{i}"]),
    ("k = 2\nfor i in range(self.n):\n    A(name=f'a_{k}')(x)\n    k += 1", ["a_{k}"]),
    ("depth = self.n + 1\nfor i in range(depth):\n    A()(x)\nA()(x)", ["A_{i}", "A_{depth}"]),
    ("depth = self.n\ndepth += 1\nfor i in range(depth):\n    A()(x)\nA()(x)", ["A_{i}"]),
    ("[A()(x) for i in range(self.n) if i]\nA()(x)", ["A_{i}"]),
    ("self.flag and A()(x)\nA()(x)", ["A_0?", "A_1?"]),
    ("(A if self.flag else B)()(x)\nA()(x)", ["A_0?", "B_0?", "A_1?"]),
    ("list(map(lambda s: A()(x), self.sizes))\nA()(x)", ["A_{i}"]),
    ("jax.tree.map(lambda s: A()(x), [1, 2])\nA()(x)", ["A_{i}"]),
    ("self.kind()(x)", ["{kind}_0"]),
    ("layer = functools.partial(self.kind, name=None)\nfor i in range(self.n):\n    layer()(x)", ["{kind}_{i}"]),
    ("nn.remat(self.kind)()(x)", ["Checkpoint{kind}_0"]),
]  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), COMPACT)
def test_automatic_names(body, expected, tmp_path):
    text = method("    @nn.compact\n    def __call__(self, x):\n", body, "        return x\n")
    path = tmp_path / f"compact_{abs(hash(body))}.py"
    assert problems(text, path) == []
    assert [item.name + "?" * item.optional for item in listed_in(text, path)[1]] == expected


SETUP = [
    ("layers = []\nfor i in range(self.n):\n    layers.append(A())\n    layers.append(B())",
     ["layers_{2 * i} A", "layers_{2 * i + 1} B"]),
    ("layers = [A()]\nif self.flag:\n    layers.append(B())\nlayers.append(A())", ["layers_0 A", "layers_{i} B | A"]),
    ("layers = [A()]\nif self.flag:\n    layers.append(B())\nelse:\n    layers.append(A())\nlayers.append(A())",
     ["layers_0 A", "layers_1 B | A", "layers_2 A"]),
    ("layers = []\nfor i in range(self.n):\n    for j in range(self.m):\n        layers.append(A())",
     ["layers_{self.m * i + j} A"]),
    ("layers = [A() for i in range(self.n) for j in range(i)]", ["layers_{i} A"]),
    ("layers = [A() for s in (1, 2) for j in range(self.n)] + [B()]",
     ["layers_{j} A", "layers_{self.n + j} A", "layers_{self.n + self.n} B"]),
    ("layers = [A() for s in self.sizes if s] + [B()]", ["layers_{i} A | B"]),
    ("layers = [A(), B()]\nlayers.insert(0, A())", ["layers_{i} A | B"]),
    ("layers = []\nfor kind in (A, B):\n    layers += [kind() for i in range(2)]",
     ["layers_{i} A", "layers_{i + 2} B"]),
    ("layers = []\nfor s in self.sizes:\n    layers += [A() for i in range(2)]", ["layers_{2 * j + i} A"]),
]  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), SETUP)
def test_names_in_lists_of_setup(body, expected, tmp_path):
    call = "        self.layers = layers\n\n    def __call__(self, x):\n        for layer in self.layers:\n"
    text = method("    def setup(self):\n", body, call + "            x = layer(x)\n        return x\n")
    path = tmp_path / f"setup_{abs(hash(body))}.py"
    assert problems(text, path) == []
    assert [f"{item.name} {item.kind}" for item in listed_in(text, path)[1]] == expected
