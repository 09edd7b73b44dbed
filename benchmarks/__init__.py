"""Speed, side by side with what a user would use instead. Each module is a command."""
