"""Programs that use the derivatives in `examples/models`. Run one as `python -m examples.scripts.NAME`."""
