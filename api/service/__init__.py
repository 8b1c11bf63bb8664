"""What the service is watched and kept in bounds by: health, metrics, logs, limits, stopping."""
