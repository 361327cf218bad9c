"""Errors of the servers in front of Django: pages as files, and settings that send them."""
