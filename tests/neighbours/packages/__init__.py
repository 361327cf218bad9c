"""The tests of the packages, by what the packages are for."""
