"""The app inside of whole projects: in process, and behind servers."""
