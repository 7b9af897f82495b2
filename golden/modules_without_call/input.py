"""A module without `__call__`: each method is derived on its own."""
# size: 4

import flax.linen as nn
import jax
import jvpgen


@jvpgen.derive
class ActorCritic(nn.Module):
    actions: int = 2

    def setup(self):
        self.torso = nn.Dense(3)
        self.actor = nn.Dense(self.actions)
        self.critic = nn.Dense(1)

    def policy(self, observation):
        return nn.log_softmax(self.actor(nn.tanh(self.torso(observation))))

    def value(self, observation):
        return self.critic(nn.tanh(self.torso(observation)))[..., 0]

    def both(self, observation):
        return self.policy(observation), self.value(observation)


def EXAMPLES():
    x = jax.random.normal(jax.random.key(1), (2, 4))
    return [{"module": ActorCritic(), "args": (x,), "method": name} for name in ("policy", "both")]
