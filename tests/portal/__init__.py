"""The portal of partners over HTTP."""
