"""The page's components: a folder each, with its Python beside its .html, .css and .js."""
