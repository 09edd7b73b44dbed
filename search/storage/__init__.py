"""Where Optuna's studies lie: a file or a database server, which may be slow, lost or full."""
