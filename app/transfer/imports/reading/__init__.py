"""From the bytes of a file to rows with typed values: encodings, columns, amounts and dates. Pure."""
