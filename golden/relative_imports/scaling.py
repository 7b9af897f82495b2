FACTOR = 0.5


def scaled(x):
    return FACTOR * x
