"""What studies measure by calling the program's own functions, one call a row.

Each file is part of the fingerprint of the tables that it makes; how they are told is elsewhere.
"""
