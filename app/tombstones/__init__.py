"""People whose data was erased: what is recorded of an erasure, so that nothing stores their data again."""
