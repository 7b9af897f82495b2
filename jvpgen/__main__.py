"""`python -m jvpgen`."""

from jvpgen.cli.main import run

if __name__ == "__main__":
    run()
