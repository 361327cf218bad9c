"""What the sites beside some packages are made of: each is imported where its package is."""
