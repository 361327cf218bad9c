"""Why a path is answered as it is."""
