"""Models in flax.linen, each with its derivative beside it in a file that ends in `_jvp.py`."""
