"""Project, run and time to a display list of arrays; knows nothing of Qt."""
