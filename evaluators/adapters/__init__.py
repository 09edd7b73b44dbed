"""What was trained, on disk and back: in PEFT's format, attached, or merged."""
