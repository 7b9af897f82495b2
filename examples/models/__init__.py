"""Models in flax.linen; the derivative of `cnn.py` is `cnn_jvp.py`, and so on."""
