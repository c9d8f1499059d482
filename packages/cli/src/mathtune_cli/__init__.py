"""The `mathtune` command."""
