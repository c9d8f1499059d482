"""The tiny base model from nothing: its tokenizer, its Llama architecture and its pretraining loop.

Pretraining is no experiment of this project, so the loop is as short as it can be and still learn fast on a CPU: whole
documents batched by length (no document sees another, few pad tokens), bf16 autocast over fp32 weights, Muon for the
hidden matrices and AdamW for the embedding.
"""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from tqdm import tqdm
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

END_OF_TEXT = "<|endoftext|>"
# Every digit is a token of its own, so that numbers of any length are read by place. Operators and commands keep the
# spaces on both sides ("12 \\cdot 7 = 84" is eight tokens), words the one in front.
PIECES = r"\d| ?\\[A-Za-z]+ ?| ?[=+<>-] ?| ?[A-Za-z]+| ?[^\sA-Za-z\d\\=+<>-]+|\\|\s"
IGNORED = -100  # transformers' label for positions that carry no loss


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """A Llama's sizes; heads are `hidden_size / num_attention_heads` wide."""

    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    max_position_embeddings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How long and how fast: learning rates warm up for `warmup_steps` and then fall linearly to nothing."""

    max_tokens: int
    tokens_per_batch: int
    warmup_steps: int
    muon_learning_rate: float
    adamw_learning_rate: float
    weight_decay: float


def train_tokenizer(texts: Sequence[str], vocab_size: int, max_length: int) -> PreTrainedTokenizerFast:
    """A byte-level BPE trained on `texts`; every digit is one token and nothing is unknown."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PIECES), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[END_OF_TEXT],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=END_OF_TEXT,
        pad_token=END_OF_TEXT,
        model_max_length=max_length,
        clean_up_tokenization_spaces=False,
    )


def new_model(architecture: Architecture, vocab_size: int, eos_token_id: int, seed: int) -> LlamaForCausalLM:
    """A Llama with random weights (fp32), input and output embedding tied."""
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=vocab_size,
        hidden_size=architecture.hidden_size,
        intermediate_size=architecture.intermediate_size,
        num_hidden_layers=architecture.num_hidden_layers,
        num_attention_heads=architecture.num_attention_heads,
        num_key_value_heads=architecture.num_attention_heads,
        max_position_embeddings=architecture.max_position_embeddings,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=eos_token_id,
        pad_token_id=eos_token_id,
    )
    # Documents are short and narrow: PyTorch's fused attention trains a fifth slower on them on a CPU (docs/log.md).
    config._attn_implementation = "eager"
    return LlamaForCausalLM(config)


def batches(
    documents: Sequence[Sequence[int]], tokens_per_batch: int, generator: random.Random
) -> list[list[Sequence[int]]]:
    """All documents once, in shuffled batches of like length of at most `tokens_per_batch` tokens, padding counted."""
    order = sorted(range(len(documents)), key=lambda i: (len(documents[i]), generator.random()))
    packed: list[list[Sequence[int]]] = [[]]
    for index in order:
        if (len(packed[-1]) + 1) * len(documents[index]) > tokens_per_batch:
            packed.append([])
        packed[-1].append(documents[index])
    generator.shuffle(packed)
    return [batch for batch in packed if batch]


def _endless(documents: Sequence[Sequence[int]], tokens_per_batch: int, seed: int) -> Iterator[list[Sequence[int]]]:
    generator = random.Random(seed)
    while True:
        yield from batches(documents, tokens_per_batch, generator)


def padded(batch: Sequence[Sequence[int]], pad: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and labels, each (documents, longest), int64; the right-hand padding carries no loss."""
    longest = max(map(len, batch))
    ids = torch.tensor([[*row, *[pad] * (longest - len(row))] for row in batch])
    labels = torch.tensor([[*row, *[IGNORED] * (longest - len(row))] for row in batch])
    return ids, labels


def pretrain(
    model: LlamaForCausalLM, documents: Sequence[Sequence[int]], schedule: Schedule, seed: int
) -> list[tuple[int, float]]:
    """Trains `model` in place on `documents` (token ids, end token included) for `max_tokens` real tokens.

    Returns (tokens seen, mean loss in nats a token since the last entry), about fifty of them.
    """
    hidden = [p for name, p in model.named_parameters() if p.ndim == 2 and "embed" not in name]
    other = [p for name, p in model.named_parameters() if p.ndim != 2 or "embed" in name]
    optimizers: list[torch.optim.Optimizer] = [
        # match_rms_adamw keeps one learning-rate scale for wide and narrow matrices.
        torch.optim.Muon(
            hidden,
            lr=schedule.muon_learning_rate,
            weight_decay=schedule.weight_decay,
            adjust_lr_fn="match_rms_adamw",
        ),
        torch.optim.AdamW(other, lr=schedule.adamw_learning_rate, weight_decay=0.0, betas=(0.9, 0.98), fused=True),
    ]
    initial = [optimizer.param_groups[0]["lr"] for optimizer in optimizers]
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model.to(device).train()
    curve: list[tuple[int, float]] = []
    losses: list[float] = []
    seen = 0
    pad = int(model.config.pad_token_id)
    with tqdm(total=schedule.max_tokens, unit="token", unit_scale=True, desc="pretraining") as bar:
        for step, batch in enumerate(_endless(documents, schedule.tokens_per_batch, seed)):
            progress = seen / schedule.max_tokens
            factor = min(1.0, (step + 1) / schedule.warmup_steps) * (1.0 - progress)
            for optimizer, rate in zip(optimizers, initial, strict=True):
                optimizer.param_groups[0]["lr"] = rate * factor
            ids, labels = padded(batch, pad)
            with torch.autocast(device, torch.bfloat16):
                loss = model(input_ids=ids.to(device), labels=labels.to(device)).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            for optimizer in optimizers:
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
            tokens = sum(map(len, batch))
            seen += tokens
            losses.append(loss.item())
            bar.update(tokens)
            if seen * 50 // schedule.max_tokens > len(curve) or seen >= schedule.max_tokens:
                curve.append((seen, math.fsum(losses) / len(losses)))
                bar.set_postfix(loss=f"{curve[-1][1]:.3f}")
                losses.clear()
            if seen >= schedule.max_tokens:
                break
    return curve


def mean_loss(model: LlamaForCausalLM, documents: Sequence[Sequence[int]], tokens_per_batch: int) -> float:
    """Mean loss in nats a token over all of `documents`."""
    total, tokens = 0.0, 0
    model.eval()
    with torch.inference_mode():
        for batch in batches(documents, tokens_per_batch, random.Random(0)):
            ids, labels = padded(batch, int(model.config.pad_token_id))
            predicted = sum(len(row) - 1 for row in batch)
            loss = model(input_ids=ids.to(model.device), labels=labels.to(model.device)).loss
            total += float(loss) * predicted
            tokens += predicted
    return total / tokens
