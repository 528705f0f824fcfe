"""Organizations, API keys, permissions, request limits, stored responses, the audit trail. No Flask."""
