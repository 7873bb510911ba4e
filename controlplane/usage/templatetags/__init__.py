"""Words of the usage app's templates."""
