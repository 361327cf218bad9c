"""Permanence rules and messages from files."""
