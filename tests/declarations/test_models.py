"""What the text declares is what `init` makes, for every way to declare."""

from __future__ import annotations

import json

import pytest

from jvpgen.ir.declarations import as_dict
from tests.declarations.comparison import declared, differences, made
from tests.declarations.models import CASES


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", CASES)
def test_declared_is_made(name):
    module, arguments = CASES[name]
    declarations = declared(type(module))
    assert differences(declarations, made(module, *arguments)) == []
    json.dumps(as_dict(declarations))
