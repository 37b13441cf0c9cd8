"""The built-in strategies; each folder is an entry point like any third party's."""
