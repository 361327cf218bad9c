"""The tags of the app's templates."""
