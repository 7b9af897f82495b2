"""Comments stay with their statements."""

import flax.linen as nn
import jax
import jvpgen


# A comment above the class does not go anywhere.
@jvpgen.derive
class Commented(nn.Module):
    """A class with a docstring."""

    features: int = 3  # of each layer

    @nn.compact
    def __call__(self, x):
        """The method's own docstring."""
        # First, mix the features.
        # It takes two lines to say so.
        x = nn.Dense(self.features)(x)  # (batch, features)

        # A loop with comments inside.
        for i in range(2):
            # at its start
            x = nn.relu(x)  # and at its end
            # after its last statement

        if self.features > 2:  # on a condition
            x = 2 * x
        # before else
        else:
            # in an arm
            x = -x
        y = (
            x  # inside of an expression
            + 1
        )
        return y  # at the very end


def example():
    return {"module": Commented(), "args": (jax.random.normal(jax.random.key(1), (2, 3)),)}
