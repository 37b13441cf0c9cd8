"""The physics: frozen data types and numpy; no Qt, no files, no plugin machinery."""
