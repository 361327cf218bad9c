"""HTTP: what a client asks for, and how a problem is written."""
