"""The operator HTTP API: JSON under /api/v1, one module for each resource."""
