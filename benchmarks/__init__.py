"""What an error costs, beside what Django and other packages take for it: ``make bench``."""
