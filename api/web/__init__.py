"""The web page: what people look at. Every page shows what an operation of the API answers."""
