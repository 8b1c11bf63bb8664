"""Capture: what SDKs send, from bytes to commands, and what they ask for besides."""
