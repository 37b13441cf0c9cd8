"""The window: the only package that loads Qt."""
