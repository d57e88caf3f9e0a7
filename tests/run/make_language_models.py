"""Writes Inputs/language_models/NAME: tiny random models of every architecture, as `transformers` saves them, with logits.

    pip install torch transformers gguf && python make_language_models.py [NAME]...

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


def side_by_side(rows: np.ndarray, heads: int) -> np.ndarray:
    """Rows of queries or keys as GGUF has them: the halves of a rotary pair follow each other."""
    size = rows.shape[0] // heads
    return rows.reshape(heads, 2, size // 2, -1).swapaxes(1, 2).reshape(rows.shape)


def make_gguf(name: str) -> None:
    """A Llama in GGUF with a weight of every kind that the package can write; expected are logits for their exact values."""
    import gguf

    config = t.LlamaConfig(**{**GROUPED, "intermediate_size": 64, "hidden_size": 64}, tie_word_embeddings=False)
    config._attn_implementation = "eager"
    model = t.LlamaForCausalLM(config).eval().float()
    randomize(model)
    kinds = {"attn_q": "Q4_0", "attn_k": "Q4_1", "attn_v": "Q5_0", "attn_output": "Q5_1", "ffn_gate": "Q8_0", "ffn_up": "MXFP4",
             "ffn_down": "BF16", "token_embd": "Q8_0", "output": "F16"}
    parts = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
             "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
             "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm"}
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(folder / "model.gguf", "llama")
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(10000.0)
    outside = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}
    state = {}
    for key, value in model.state_dict().items():
        ours = outside.get(key.removesuffix(".weight"))
        if not ours:
            _, _, number, part = key.removesuffix(".weight").split(".", 3)
            ours = f"blk.{number}.{parts[part]}"
        kind = getattr(gguf.GGMLQuantizationType, kinds.get(ours.split(".")[-1], "F32"))
        data = gguf.quants.quantize(value.numpy(), kind)
        state[key] = torch.from_numpy(gguf.quants.dequantize(data, kind).astype(np.float32).reshape(value.shape))
        heads = {"attn_q": config.num_attention_heads, "attn_k": config.num_key_value_heads}.get(ours.split(".")[-1])
        writer.add_tensor(f"{ours}.weight", side_by_side(data, heads) if heads else data, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    model.load_state_dict(state)
    tokens = torch.randint(3, 64, (2, 24), generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        logits = model(input_ids=tokens, use_cache=False).logits.numpy()
    np.savez_compressed(folder / "expected.npz", tokens=tokens.numpy(), logits=logits)
    print(name, sum(path.stat().st_size for path in folder.iterdir()), "bytes")


def main() -> None:
    wanted = sys.argv[1:]
    if not wanted or "llama-gguf" in wanted:
        make_gguf("llama-gguf")
    for name, config in models().items():
        if not wanted or name in wanted:
            make(name, config)


if __name__ == "__main__":
    main()
