"""Tokenizers: one trained on the corpus for a model from scratch, and the shape of a conversation."""

from collections.abc import Iterable

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

END_OF_TEXT = "<|endoftext|>"
START_OF_TURN = "<|im_start|>"
END_OF_TURN = "<|im_end|>"

# ChatML. The end of a turn is the tokenizer's own end of sequence, so the same template also gives a base model that
# came without one a shape of conversation in which its generation stops.
CHAT_TEMPLATE = (
    "{%- for message in messages -%}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + eos_token + '\\n' }}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{ '<|im_start|>assistant\\n' }}{%- endif -%}"
)


def train_tokenizer(texts: Iterable[str], *, vocab_size: int, max_length: int) -> PreTrainedTokenizerFast:
    """Return a byte-level BPE tokenizer with at most `vocab_size` entries, made from `texts`.

    Every text in any script comes back unchanged from decoding: bytes are the alphabet, and nothing is normalised.
    """
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=2,
        special_tokens=[END_OF_TEXT, START_OF_TURN, END_OF_TURN],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    core.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        pad_token=END_OF_TEXT,
        eos_token=END_OF_TURN,
        additional_special_tokens=[START_OF_TURN],
        chat_template=CHAT_TEMPLATE,
        model_max_length=max_length,
        clean_up_tokenization_spaces=False,
    )


def make_ready_to_chat(tokenizer: PreTrainedTokenizerBase) -> list[str]:
    """Give a base model's tokenizer what supervised tuning needs and it lacks; return what was added, in words."""
    added = []
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
        added.append("padding with its end-of-sequence token")
    if tokenizer.chat_template is None:
        tokenizer.chat_template = CHAT_TEMPLATE
        added.append("the ChatML template")
    return added
