"""Forms about programs: creating and changing them, their terms and status."""
