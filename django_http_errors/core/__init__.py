"""What the layers of the pipeline share, and the pipeline itself."""
