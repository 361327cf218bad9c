"""403 as 404: what is hidden, from whom, and what could tell."""
