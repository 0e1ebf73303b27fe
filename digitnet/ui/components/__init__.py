"""The components of the page, a folder each: template, style, script, and the data they show."""
