"""Errors of a whole Django site: negotiated, explained, and with the headers that HTTP requires."""
