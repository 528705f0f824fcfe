"""Tests: real Postgres and Valkey, nothing of ours mocked. The words they share stand in this package."""
