"""The console's pages: over HTTP, and in a browser."""
