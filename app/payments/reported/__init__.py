"""What merchants report through the API."""
