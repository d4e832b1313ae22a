"""The JSON Schemas of the documents that lpgen prints."""
