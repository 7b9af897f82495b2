"""Folders that hold installed packages: whatever project is around them, they are no part of it."""

INSTALLED = frozenset({"site-packages", "dist-packages"})
