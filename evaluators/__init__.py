"""Fine-tuning allocations and measuring what they are worth.

* ``evaluators.training.candidate``: what is trained, how, and what came of it.
* ``evaluators.training.cohort``: many candidates at once over one base; with ``adamw``, ``data_order``.
* ``evaluators.executors.spread``: cohorts over devices and processes; with ``worker_processes``, ``retry``.
  ``evaluators.store.ledger``: finished ones on disk.
* ``evaluators.base.base_model``, ``hub``: the model that wires are added to; with ``weight_files``,
  ``weight_index``, ``padding``.
* ``evaluators.store.benchmark_table``: runs of many allocations as one file, which answers instead of
  training; with ``benchmark_entry``, ``benchmark_file``.
* ``evaluators.data.task``: rows to train on, to select by, to report on; with ``rows``, ``model_inputs``,
  ``split``, ``metrics``,
  ``labels``, ``chance``.
* ``evaluators.data.read_table``, ``glue``, ``demo``: where rows come from.
* ``evaluators.adapters.adapter``: an adapter on disk and back; with ``adapter_files``, ``adapter_record``,
  ``peft_adapter``, ``stock_peft``, ``loaded_peft``, ``base_digest``.
* ``evaluators.store.whole_file``, ``whole_folder``: there whole or not at all. ``sealed_json``,
  ``content_digest``: whether what is there is what was written.
"""
