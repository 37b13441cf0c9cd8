"""Routes for concurrent flows: the hottest link within 1.05 of the least load there can be."""
