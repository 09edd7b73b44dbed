"""A search whose trials are trained while it goes on: who is asked, who is stopped early, who looks on."""
