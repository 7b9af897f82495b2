"""The diagnostics themselves, a file for each family of codes."""
