"""Writes Inputs/language_models/NAME: tiny random models of every architecture, as `transformers` saves them, with logits.

    pip install torch transformers && python make_language_models.py [NAME]...

A folder holds config.json, model.safetensors, and expected.npz with `tokens` [B, S] and `logits` [B, S, vocab] (or
`vectors` for encoders, with `lengths`). Weights are random but not tiny, so that a wrong layer shows.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import torch
import transformers as t

FOLDER = Path(__file__).parent / "Inputs/language_models"
SMALL = {"vocab_size": 64, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4,
         "max_position_embeddings": 64, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
GROUPED = {**SMALL, "num_key_value_heads": 2}


def models() -> dict[str, t.PretrainedConfig]:
    llama3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
              "original_max_position_embeddings": 16, "rope_theta": 100.0}
    yarn = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16, "rope_theta": 100.0}
    linear = {"rope_type": "linear", "factor": 4.0, "rope_theta": 10000.0}
    return {
        "llama": t.LlamaConfig(**GROUPED, tie_word_embeddings=True),
        "llama3": t.LlamaConfig(**{**GROUPED, "head_dim": 16}, rope_parameters=llama3),
        "llama-linear": t.LlamaConfig(**GROUPED, rope_parameters=linear),
        "llama-yarn": t.LlamaConfig(**{**GROUPED, "head_dim": 16}, rope_parameters=yarn),
        "mistral": t.MistralConfig(**GROUPED, sliding_window=5),
        "qwen2": t.Qwen2Config(**GROUPED, tie_word_embeddings=True),
        "qwen3": t.Qwen3Config(**GROUPED, head_dim=12),
        "gemma2": t.Gemma2Config(**GROUPED, head_dim=12, sliding_window=5, query_pre_attn_scalar=20,
                                 attn_logit_softcapping=5.0, final_logit_softcapping=3.0),
        "gemma3": t.Gemma3TextConfig(**{**GROUPED, "num_hidden_layers": 3}, head_dim=12, sliding_window=5,
                                     query_pre_attn_scalar=20, layer_types=["sliding_attention", "full_attention"]
                                     + ["sliding_attention"]),
        "phi3": t.Phi3Config(**GROUPED, sliding_window=7),
        "gpt2": t.GPT2Config(vocab_size=64, n_embd=32, n_layer=2, n_head=4, n_positions=64, bos_token_id=1, eos_token_id=2),
        "gpt-neox": t.GPTNeoXConfig(**SMALL, rotary_pct=0.5),
        "bloom": t.BloomConfig(vocab_size=64, hidden_size=32, n_layer=2, n_head=4, bos_token_id=1, eos_token_id=2),
        "falcon": t.FalconConfig(vocab_size=64, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, multi_query=True,
                                 bos_token_id=1, eos_token_id=2),
        "falcon-new": t.FalconConfig(vocab_size=64, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
                                     new_decoder_architecture=True, num_kv_heads=2, bos_token_id=1, eos_token_id=2),
        "mixtral": t.MixtralConfig(**GROUPED, num_local_experts=4, num_experts_per_tok=2),
        "olmoe": t.OlmoeConfig(**GROUPED, num_experts=4, num_experts_per_tok=2),
        "rwkv": t.RwkvConfig(vocab_size=64, hidden_size=32, num_hidden_layers=2, intermediate_size=48, context_length=64,
                             bos_token_id=1, eos_token_id=2),
        "bert": t.BertConfig(**SMALL),
        "t5": t.T5Config(vocab_size=64, d_model=32, d_kv=8, d_ff=48, num_layers=2, num_heads=4,
                         relative_attention_num_buckets=8, relative_attention_max_distance=20, decoder_start_token_id=0),
    }


def randomize(model: torch.nn.Module) -> None:
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if parameter.dim() == 1:
                # Norm scales stay near their neutral value, biases near 0.
                parameter.copy_(parameter + 0.1 * noise)
            else:
                parameter.copy_(noise / parameter.shape[-1] ** 0.5 * (1.0 if "embed" in name else 1.5))


def make(name: str, config: t.PretrainedConfig) -> None:
    torch.manual_seed(0)
    config.dtype = torch.float32
    if hasattr(config, "_attn_implementation"):
        config._attn_implementation = "eager"
    if name == "bert":
        model = t.BertModel(config, add_pooling_layer=False)
    elif name == "t5":
        model = t.T5ForConditionalGeneration(config)
    else:
        model = t.AutoModelForCausalLM.from_config(config)
    model = model.eval().float()
    randomize(model)
    tokens = torch.randint(3, 64, (2, 24), generator=torch.Generator().manual_seed(2))
    expected = {"tokens": tokens.numpy()}
    with torch.no_grad():
        if name == "bert":
            lengths = torch.tensor([24, 15])
            mask = torch.arange(24)[None, :] < lengths[:, None]
            expected["lengths"] = lengths.numpy()
            expected["vectors"] = model(input_ids=tokens, attention_mask=mask.long()).last_hidden_state.numpy()
        elif name == "t5":
            lengths = torch.tensor([24, 15])
            mask = torch.arange(24)[None, :] < lengths[:, None]
            target = torch.randint(3, 64, (2, 10), generator=torch.Generator().manual_seed(3))
            expected["lengths"] = lengths.numpy()
            expected["targets"] = target.numpy()
            expected["vectors"] = model.encoder(input_ids=tokens, attention_mask=mask.long()).last_hidden_state.numpy()
            expected["logits"] = model(input_ids=tokens, attention_mask=mask.long(), decoder_input_ids=target).logits.numpy()
        else:
            expected["logits"] = model(input_ids=tokens, use_cache=False).logits.numpy()
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    config_file = folder / "config.json"
    config_file.write_text(json.dumps(json.loads(config_file.read_text()), indent=1, sort_keys=True) + "\n")
    np.savez_compressed(folder / "expected.npz", **expected)
    print(name, sum(path.stat().st_size for path in folder.iterdir()), "bytes")


def main() -> None:
    wanted = sys.argv[1:]
    for name, config in models().items():
        if not wanted or name in wanted:
            make(name, config)


if __name__ == "__main__":
    main()
