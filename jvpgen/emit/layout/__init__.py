"""The layout of generated modules: text goes in, the same program in the style of `ruff format` comes out."""

from .suites import format_module

__all__ = ["format_module"]
