"""Which columns the rows of each type of dataset must have. All of them hold text that is not empty."""

from apps.datasets.models import DatasetVersion

Type = DatasetVersion.Type

REQUIRED: dict[str, tuple[str, ...]] = {
    Type.PRETRAIN_CORPUS: ("text",),
    Type.SFT_PAIR: ("prompt", "response"),
    Type.EVAL_SET: ("prompt", "response"),
    Type.RAG_QA: ("question", "context", "answer"),
    Type.RLHF_PAIR: ("prompt", "chosen", "rejected"),
    Type.EMBEDDING_PAIR: ("query", "positive"),
}

# The column whose values are labels when they are few, such as the classes of a classifier.
LABEL: dict[str, str] = {Type.SFT_PAIR: "response", Type.EVAL_SET: "response"}
