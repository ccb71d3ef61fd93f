"""Documents that code produces: schemas, AsyncAPI, OpenAPI, Postman collection, topics.

They are checked in; `python -m streams.specs` writes them, `--check` compares them.
"""
