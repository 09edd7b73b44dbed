"""The README's first example, really run: ranks from one pass, then TRL's trainer with them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from datasets import Dataset
from peft import AutoPeftModelForCausalLM, PeftModel
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast
from trl import SFTConfig, SFTTrainer

import search
from tests.conftest import TinyModel

ROWS = [{"prompt": f"w{n} w{n + 1} =", "completion": f" w{n + 1} w{n}"} for n in range(20)]


def words_tokenizer() -> PreTrainedTokenizerFast:
    words = ["<end>", "<pad>", "=", *(f"w{n}" for n in range(40))]
    tokens = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<pad>"))
    tokens.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=tokens, eos_token="<end>", pad_token="<pad>")


def settings(folder: Path) -> SFTConfig:
    return SFTConfig(
        output_dir=str(folder),
        max_steps=4,
        per_device_train_batch_size=4,
        learning_rate=1e-2,
        use_cpu=True,
        bf16=False,
        report_to="none",
        save_strategy="no",
        logging_steps=1,
        disable_tqdm=True,
    )


@pytest.mark.filterwarnings("ignore")  # TRL's, transformers' and accelerate's own
def test_trl_trains_the_ranks_that_were_allocated_and_peft_loads_what_came_of_it(
    tiny_language_model: TinyModel, tmp_path: Path
) -> None:
    tokenizer = words_tokenizer()
    model = tiny_language_model("llama", vocab_size=len(tokenizer), eos_token_id=0)
    model.save_pretrained(tmp_path / "base")
    rows = Dataset.from_list(ROWS)
    plain = SFTTrainer(model, args=settings(tmp_path), train_dataset=rows, processing_class=tokenizer)
    config = search.allocate(
        model, plain.get_train_dataloader(), budget="r=2", batches=3, proxy="adam_signal"
    )
    assert config.task_type == "CAUSAL_LM"

    model = AutoModelForCausalLM.from_pretrained(tmp_path / "base")
    trainer = SFTTrainer(
        model, args=settings(tmp_path), train_dataset=rows, processing_class=tokenizer, peft_config=config
    )
    assert isinstance(trainer.model, PeftModel)
    trained = {name: one for name, one in trainer.model.named_parameters() if one.requires_grad}
    ranks = {name.split(".lora_")[0]: len(one) for name, one in trained.items() if "lora_A" in name}
    assert len(ranks) == len(config.target_modules)
    assert set(ranks.values()) <= {config.r, *config.rank_pattern.values()}
    before = {name: one.detach().clone() for name, one in trained.items()}
    trainer.train()
    losses = [one["loss"] for one in trainer.state.log_history if "loss" in one]
    assert losses[-1] < losses[0]
    assert any(not torch.equal(one.detach(), before[name]) for name, one in trained.items())

    trainer.save_model(str(tmp_path / "trained"))
    again = AutoPeftModelForCausalLM.from_pretrained(tmp_path / "trained").eval()
    tokens = torch.arange(2, 12)[None]
    with torch.no_grad():
        ours = trainer.model.eval()(input_ids=tokens).logits
        torch.testing.assert_close(again(input_ids=tokens).logits, ours)
