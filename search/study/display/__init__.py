"""What people see of a study: plots, a page, a table of text."""
