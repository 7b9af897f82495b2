"""Compiles every case and prints the texts as JSON: run as a program under a hash seed of its own."""

from __future__ import annotations

import json
import sys

from tests.golden.cases import all_cases
from tests.golden.compiled import compiled

if __name__ == "__main__":
    json.dump({case.name: compiled(case).golden for case in all_cases()}, sys.stdout)
