"""Models and scripts that show what jvpgen is for."""
