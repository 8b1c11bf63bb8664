"""The OpenAPI document, made of what makes the routes, and the pages to browse it."""
