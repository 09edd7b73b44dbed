"""What is settled before the first expensive step: model, task, space, budget; what ``search.setup``
gives."""
