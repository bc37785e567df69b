"""The REST API under /api/v1/: JSON, keys, problems after RFC 9457. docs/api.md tells its users how it behaves."""
