"""A file that is no UTF-8."""

import flax.linen as nn
import jvpgen

NAME = "café"  # E: JVP902
