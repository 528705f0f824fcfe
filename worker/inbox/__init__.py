"""Working the inbox: claim, read, settle, finish."""
