"""Rules and messages: what editors have decided about errors."""
