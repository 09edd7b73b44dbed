"""Fine-tuning candidates: cohorts under one gate policy, and PEFT's own methods beside them."""
