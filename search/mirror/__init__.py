"""What a person sees of a run while it works and after: an Optuna study kept like it, with notes, pictures
and a page.
"""
