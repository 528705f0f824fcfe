"""The house: settings, logs, embedded servers, processes, the command line."""
