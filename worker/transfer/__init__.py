"""Works on imports and exports."""
