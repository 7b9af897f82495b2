"""Programs that use the models: `python -m examples.scripts.gauss_newton`, …"""
