"""Commands that are killed again and again, and what they leave beside what an undisturbed one leaves."""
