"""The checks: each module examines one service and yields findings."""
