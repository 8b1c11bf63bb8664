"""The ways in: HTTP, the command line, and the composition root that ties the layers together."""
